package BenchStacks::Report;

# What the benchmark of parked tasks shows of its figures: the tables, and the values.
use strict;
use warnings;
use Bench::Run qw(least_and_median shown);

# Column, the figures that are added up, what they are divided by: the tasks, or a number.
my @columns = (
    [ 'bytes a task',  [qw(resident tables)], 'count' ],
    [ 'of it RSS',     ['resident'],          'count' ],
    [ 'page tables',   ['tables'],            'count' ],
    [ 'create, ms',    ['create'],            1000 ],
    [ 'release, ms',   ['release'],           1000 ],
);

sub new {
    my ($class, %self) = @_;
    return bless \%self, $class;
}

sub _thousands {
    my ($number) = @_;
    1 while $number =~ s/^(\d+)(\d{3})/$1,$2/;
    return $number;
}

sub _rounds {
    my ($self, $subject, $count, $workers) = @_;
    $workers = 1 if $subject->{has_one_thread};
    return @{ $self->{figures}{ $subject->{name} }{$count}{$workers} // [] };
}

sub _sums {
    my ($self, $column, $subject, $count, $workers) = @_;
    my (undef, $names, $divisor) = @$column;
    my @sums;
    for my $round ($self->_rounds($subject, $count, $workers)) {
        my $sum = 0;
        $sum = defined $sum && defined $round->{$_} ? $sum + $round->{$_} : undef for @$names;
        push @sums, defined $sum ? $sum / ($divisor eq 'count' ? $count : $divisor) : undef;
    }
    return least_and_median(@sums);
}

# Least, median where it shows, and the least's ratio to that of the first subject.
sub _cell {
    my ($self, $column, $subject, $first, $count, $workers) = @_;
    my ($least, $median) = $self->_sums($column, $subject, $count, $workers);
    return '' if !defined $least;
    my $cell = _figure($least);
    $cell .= ' · ' . _figure($median) if _figure($median) ne $cell;
    my ($ours) = $self->_sums($column, $first, $count, $workers);
    $cell .= sprintf ' (%.2f)', $least / $ours if $subject != $first && $ours;
    return $cell;
}

sub _figure {
    my ($number) = @_;
    return $number < 100 ? shown($number) : _thousands(sprintf '%.0f', $number);
}

# The first round that stopped before all tasks were parked.
sub _stopped {
    my ($self, $subject, $count, $workers) = @_;
    return (grep { defined $_->{message} } $self->_rounds($subject, $count, $workers))[0];
}

sub _print_line {
    my ($self, $subject, $first, $count, $workers, @before) = @_;
    return if !$self->_rounds($subject, $count, $workers);
    my @cells = map { $self->_cell($_, $subject, $first, $count, $workers) } @columns;
    my $stopped = $self->_stopped($subject, $count, $workers);
    my @rounds = $self->_rounds($subject, $count, $workers);
    @cells = ('stops at ' . _thousands($stopped->{reached} // '?'), ('') x (@columns - 1)) if $stopped;
    push @cells, $stopped ? '' : _thousands($rounds[0]{mappings});
    print '| ', join(' | ', @before, $subject->{has_one_thread} ? 1 : $workers, @cells), " |\n";
    return;
}

sub _print_heading {
    my (@before) = @_;
    my @titles = (@before, 'workers', map({ $_->[0] } @columns), 'mappings');
    print "\n| ", join(' | ', @titles), " |\n|", ' --- |' x @titles, "\n";
    return;
}

sub print_tables {
    my ($self) = @_;
    my $most = (sort { $b <=> $a } @{ $self->{counts} })[0];
    my @million = grep { $_->{is_million} } @{ $self->{subjects} };
    my @guards  = grep { $_->{is_guard} } @{ $self->{subjects} };
    if (@million) {
        _print_heading(_thousands($most) . ' tasks parked on one channel');
        for my $workers (@{ $self->{workers} }) {
            for my $subject (grep { $workers == $self->{workers}[0] || !$_->{has_one_thread} } @million) {
                $self->_print_line($subject, $million[0], $most, $workers, $subject->{title});
            }
        }
    }
    if (@guards) {
        my $workers = $self->{workers}[-1];
        _print_heading('guards', 'tasks');
        for my $subject (@guards) {
            $self->_print_line($subject, $guards[0], $_, $workers, "$subject->{title}: $subject->{guard}", _thousands($_)) for @{ $self->{counts} };
        }
    }
    $self->_print_limits;
    $self->_print_cores;
    return;
}

# Who stops where: of all that was tried, the most that were parked, or the least at which it stopped.
sub _print_limits {
    my ($self) = @_;
    my $workers = $self->{workers}[-1];
    my @counts  = sort { $a <=> $b } @{ $self->{counts} };
    print "\n| who stops where | guard | tasks parked | what ended it |\n| --- | --- | --- | --- |\n";
    for my $subject (@{ $self->{subjects} }) {
        my ($parked, $stopped);
        for my $count (@counts) {
            next if !$self->_rounds($subject, $count, $workers);
            $stopped = $self->_stopped($subject, $count, $workers);
            last if $stopped;
            $parked = $count;
        }
        next if !$stopped && !$parked;
        my @cells = $stopped
            ? (_thousands($stopped->{reached} // '?'), '`` ' . $stopped->{message} =~ s/\|/\\|/gr . ' ``')
            : (_thousands($parked), 'nothing: no more were asked for');
        print '| ', join(' | ', $subject->{title}, $subject->{guard}, @cells), " |\n";
    }
    return;
}

sub _print_cores {
    my ($self) = @_;
    my @dumped = grep { $self->{cores}{ $_->{name} } } @{ $self->{subjects} };
    return if !@dumped;
    printf "\n| core dump, %s parked | resident, MiB | file, MiB | on disk, MiB | seconds | written by |\n", _thousands($self->{core_count});
    print "| --- | --- | --- | --- | --- | --- |\n";
    for my $subject (@dumped) {
        my $core = $self->{cores}{ $subject->{name} };
        my @sizes = map { _thousands(sprintf '%.0f', ($core->{$_} // 0) / 2**20) } qw(resident size on_disk);
        print '| ', join(' | ', $subject->{title}, @sizes, sprintf('%.1f', $core->{dumped} // 0), $core->{by} // 'nobody: no gcore'), " |\n";
    }
    return;
}

sub write_values {
    my ($self, $path) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    print {$file} join("\t", qw(subject tasks workers figure rounds)), "\n";
    for my $subject (@{ $self->{subjects} }) {
        my $of = $self->{figures}{ $subject->{name} } // {};
        for my $count (sort { $a <=> $b } keys %$of) {
            for my $workers (sort keys %{ $of->{$count} }) {
                my @rounds = @{ $of->{$count}{$workers} };
                for my $what (qw(resident tables mappings create release reached)) {
                    next if !grep { defined $_->{$what} } @rounds;
                    print {$file} join("\t", $subject->{name}, $count, $workers, $what, map { $_->{$what} // '-' } @rounds), "\n";
                }
            }
        }
    }
    close $file or die "$path: $!\n";
    print "\nvalues: $path\n";
    return;
}

1;
