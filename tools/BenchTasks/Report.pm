package BenchTasks::Report;

# What the task benchmark shows of its figures: the tables, the values, the plot. Here the rows are named
# and described, with the floors: what bare sketches and the best of the field needed on such a machine.
use strict;
use warnings;
use Bench::Programs;
use Bench::Run ();
use File::Basename qw(dirname);
use File::Path     qw(make_path);

# A line of a table: the row, the figure that its programs print ('time': nanoseconds an operation), its
# title and the unit, the scale from what is printed to what is shown, the floors on one worker and on two.
# The last: the row whose figures the peers show there.
my @tables = (
    {
        title => 'tasks and channels',
        peers => [qw(keel go boost tokio)],
        lines => [
            [ 'switch',        'time', 'two tasks a worker yield to each other', 'ns a yield',   1, '6.2' ],
            [ 'spawn-await',   'time', 'spawn and await, one by one',            'ns',           1, '4–15' ],
            [ 'spawn-million', 'time', 'spawn 1,000,000, wait for all',          'ns a task',    1, '4–15' ],
            [ 'await-million', 'time', 'spawn 1,000,000, await each',            'ns a task',    1, '4–15' ],
            [ 'fib',           'time', 'fib(30), a task a call',                 'ns a task',    1, '6–19' ],
            [ 'skynet',        'time', 'skynet, 1,000,000 leaves',               'ms',           1 ],
            [ 'threadring',    'time', 'ring of 503 tasks',                      'ns a hop',     1, '28' ],
            [ 'ping-pong',     'time', 'rendezvous, there and back',             'ns',           1, '30' ],
            [ 'buffered',      'time', 'channel of 1,024, 1 → 1',                'ns a message', 1, '4.2', '1' ],
            [ 'sleepers', 'cpu',    '100,000 tasks × 10 sleeps, CPU time', 'ns a sleep', 1e-3 ],
            [ 'sleepers', 'late',   'their lateness, mean',                'µs',         1e-3, '50', '50' ],
            [ 'sleepers', 'latest', 'their lateness, worst',               'µs',         1e-3 ],
        ],
    },
    {
        title => 'a sleeper beside loops that ask keel_should_yield',
        peers => [qw(keel)],
        lines => [
            [ 'told', 'least',  'its lateness, least of 200', 'µs', 1e-3 ],
            [ 'told', 'middle', 'median',                     'µs', 1e-3 ],
            [ 'told', 'worst',  'worst',                      'µs', 1e-3 ],
        ],
    },
    {
        title => 'fork and join, loops',
        peers => [qw(keel tbb rayon openmp openmp-share serial)],
        lines => [
            [ 'fork-fib',       'time', 'fib(32), a fork a call', 'ns a call', 1, '2.1' ],
            [ 'fork-fib-known', 'time', 'fib(32), the fork knows its child', 'ns a call', 1, '0.93', '0.54', 'fork-fib' ],
            [ 'loop-1',         'time', 'loop without memory, grain 1',     'ns an iteration', 1 ],
            [ 'loop-32',        'time', 'loop without memory, grain 32',    'ns an iteration', 1 ],
            [ 'loop-1024',      'time', 'loop without memory, grain 1,024', 'ns an iteration', 1 ],
            [ 'saxpy',          'time', 'saxpy, grain 16,384',              'ns an element',   1 ],
        ],
    },
    {
        title => 'computing',
        peers => [qw(keel go boost tokio tbb rayon openmp serial)],
        lines => [ [ 'fan-out', 'time', '64 tasks of about 1 ms each', 'ms', 1e-6 ] ],
    },
);

# Their floor is what one thread took in the same run, divided by the workers.
my %is_divided = map { $_ => 1 } qw(loop-1 loop-32 loop-1024 saxpy fan-out);

# A name and a number of fewer fibers, where Boost cannot have as many.
my %note = ('await-million boost' => '¹', 'fib boost' => '¹');
my $notes = '¹ every fiber has its stack from the start: 100,000 fibers; fib(22)';

sub rows {
    my %seen;
    return grep { !$seen{$_}++ } map { $_->[0] } map { @{ $_->{lines} } } @tables;
}

sub figures_of {
    my ($row) = @_;
    return map { $_->[1] } grep { $_->[0] eq $row } map { @{ $_->{lines} } } @tables;
}

sub new {
    my ($class, %self) = @_;
    $self{titles} = { map { $_->{name} => $_->{title} } @{ $self{peers} } };
    return bless \%self, $class;
}

# Least and median of the rounds; nothing when one failed: then neither is to be trusted.
sub _least_and_median {
    my ($self, $line, $workers, $peer) = @_;
    my ($row, $what, $scale, $others) = @$line[ 0, 1, 4, 7 ];
    $row     = $others if defined $others && $peer ne 'keel';
    $workers = 1       if $peer eq 'serial';
    my @figures = @{ $self->{figures}{$row}{$workers}{$peer}{$what} // [] };
    return Bench::Run::least_and_median(map { defined ? $_ * $scale : undef } @figures);
}

sub _floor {
    my ($self, $line, $workers) = @_;
    return $line->[ 4 + $workers ] // '' if !$is_divided{ $line->[0] };
    my ($least) = $self->_least_and_median($line, 1, 'serial');
    return defined $least ? Bench::Run::shown($least / $workers) : '';
}

sub _cell {
    my ($self, $line, $workers, $peer) = @_;
    my ($least, $median) = $self->_least_and_median($line, $workers, $peer);
    return '' if !defined $least;
    my $cell = Bench::Run::shown($least) . ' · ' . Bench::Run::shown($median);
    my ($ours) = $self->_least_and_median($line, $workers, 'keel');
    $cell .= sprintf ' (%.2f)', $least / $ours if $peer ne 'keel' && $ours;
    return $cell . ($note{"$line->[0] $peer"} // '');
}

# The peers that have a figure in one of the table's lines, and the lines that some peer has one in.
sub _peers_of {
    my ($self, $table) = @_;
    my %chosen = map { $_ => 1 } @{ $self->{rows} };
    my @lines  = grep { $chosen{ $_->[0] } } @{ $table->{lines} };
    my @peers;
    for my $peer (@{ $table->{peers} }) {
        push @peers, $peer if grep { my $line = $_; grep { $self->_cell($line, $_, $peer) ne '' } @{ $self->{workers} } } @lines;
    }
    return \@peers, \@lines;
}

sub print_tables {
    my ($self) = @_;
    my $has_note = 0;
    for my $table (@tables) {
        my ($peers, $lines) = $self->_peers_of($table);
        next if !@$peers;
        print "\n| $table->{title} | workers | ", join(' | ', map({ $self->{titles}{$_} } @$peers), 'floor'), " |\n";
        print '| --- | --- |', ' --- |' x (@$peers + 1), "\n";
        for my $line (@$lines) {
            for my $workers (@{ $self->{workers} }) {
                my @cells = map { $self->_cell($line, $workers, $_) } @$peers;
                next if !grep { $_ ne '' } @cells;
                print '| ', join(' | ', "$line->[2], $line->[3]", $workers, @cells, $self->_floor($line, $workers)), " |\n";
                $has_note ||= grep { /¹/ } @cells;
            }
        }
    }
    print "\n$notes\n" if $has_note;
    $self->_print_speed_up if @{ $self->{workers} } == 2;
}

# How many times faster two workers are than one, where there is enough to do for both.
sub _print_speed_up {
    my ($self) = @_;
    my $table = {
        peers => [qw(keel go boost tokio tbb rayon openmp openmp-share)],
        lines => [ map { @{ $_->{lines} } } @tables[ 2, 3 ] ],
    };
    my ($peers, $lines) = $self->_peers_of($table);
    return if !@$peers;
    print "\n| two workers are faster, times | ", join(' | ', map { $self->{titles}{$_} } @$peers), " |\n";
    print '| --- |', ' --- |' x @$peers, "\n";
    for my $line (@$lines) {
        my @cells = map { $self->_speed_up($line, $_) } @$peers;
        print '| ', join(' | ', $line->[2], @cells), " |\n" if grep { $_ ne '' } @cells;
    }
}

sub _speed_up {
    my ($self, $line, $peer) = @_;
    return '' if defined $line->[7] && $peer ne 'keel';
    my ($one) = $self->_least_and_median($line, 1, $peer);
    my ($two) = $self->_least_and_median($line, 2, $peer);
    return defined $one && $two ? sprintf '%.2f', $one / $two : '';
}

sub write_values {
    my ($self, $path) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    print {$file} join("\t", qw(row workers peer figure rounds)), "\n";
    my $figures = $self->{figures};
    for my $row (sort keys %$figures) {
        for my $workers (sort keys %{ $figures->{$row} }) {
            for my $peer (sort keys %{ $figures->{$row}{$workers} }) {
                my $of = $figures->{$row}{$workers}{$peer};
                print {$file} join("\t", $row, $workers, $peer, $_, map { $_ // '-' } @{ $of->{$_} }), "\n" for sort keys %$of;
            }
        }
    }
    close $file or die "$path: $!\n";
    print "\nvalues: $path\n";
}

# What is drawn: nanoseconds all, on one scale.
my @drawn = (
    [ 'switch', 'yield' ], [ 'spawn-await', 'spawn and await one' ], [ 'spawn-million', 'spawn a million' ],
    [ 'await-million', 'spawn a million,\nawait each' ], [ 'fib', 'fib(30) by tasks' ], [ 'skynet', 'skynet, a leaf' ],
    [ 'threadring', 'ring of 503, a hop' ], [ 'ping-pong', 'rendezvous,\nthere and back' ], [ 'buffered', 'buffered message' ],
    [ 'sleepers', 'a sleep (CPU)' ], [ 'fork-fib', 'fib(32) by forks,\na call' ], [ 'fork-fib-known', 'the same, child\nknown' ],
);
my %colour = (
    keel => '0x2f81f7', go => '0x3fb1a5', boost => '0xd08742', tokio => '0xc4677a', tbb => '0x8f7ee0',
    rayon => '0xc4677a', openmp => '0x9a9a4b', serial => '0x8c959f',
);
my @in_order = qw(keel go boost tokio tbb rayon openmp serial);

# A file of values for each number of workers: a line a bar (height, value, colour, its label); and a file of
# titles (height, title). What has a bar in one of the two has its place in both.
sub draw_plot {
    my ($self, $plot) = @_;
    if (!Bench::Programs::command('gnuplot')) {
        print "skipped: the plot (apt-get install gnuplot-nox)\n";
        return;
    }
    my $work = $self->{setting}{work};
    my %file;
    for my $name (qw(bars.1 bars.2 titles)) {
        open $file{$name}, '>', "$work/$name" or die "$work/$name: $!\n";
    }
    my $height = 0;
    for my $drawn (@drawn) {
        my @bars = map { { $self->_bars($drawn->[0], $_) } } 1, 2;
        my @peers = grep { $bars[0]{$_} || $bars[1]{$_} } @in_order;
        next if !@peers;
        printf { $file{titles} } "%.2f\t%s\n", $height + (@peers - 1) / 2, $drawn->[1];
        for my $peer (@peers) {
            for my $workers (grep { $bars[ $_ - 1 ]{$peer} } 1, 2) {
                print { $file{"bars.$workers"} } join("\t", $height, @{ $bars[ $workers - 1 ]{$peer} }), "\n";
            }
            $height++;
        }
        $height += 0.8;
    }
    close $_ or die "$work: $!\n" for values %file;
    make_path(dirname($plot));
    my $script = "$self->{setting}{source}/bench/tasks/plot.gnuplot";
    my $ok = $height > 0 && system('gnuplot', '-e', "output='$plot'; folder='$work'; height=$height", $script) == 0;
    print $ok ? "plot: $plot\n" : "skipped: the plot (gnuplot failed)\n";
}

# Peer to value, colour, label.
sub _bars {
    my ($self, $row, $workers) = @_;
    my %bars;
    for my $table (@tables) {
        for my $line (grep { $_->[0] eq $row && $_->[1] =~ /^(?:time|cpu)$/ } @{ $table->{lines} }) {
            for my $peer (grep { $colour{$_} } @{ $table->{peers} }) {
                next if $peer ne 'keel' && defined $line->[7];
                my ($least) = $self->_least_and_median($line, $workers, $peer);
                next if !defined $least;
                my $label = "$self->{titles}{$peer} " . Bench::Run::shown($least) . ($note{"$row $peer"} // '');
                $bars{$peer} = [ $least, $colour{$peer}, $label ];
            }
        }
    }
    return %bars;
}

1;
