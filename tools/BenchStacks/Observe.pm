package BenchStacks::Observe;

# One run of a program of the benchmark: what it says, what /proc shows of it while its tasks are parked, and what
# a core dump of it then takes. The program waits for a line before each step, so nothing moves meanwhile.
use strict;
use warnings;
use Bench::Programs;
use Bench::Run qw(content);
use IO::Select;
use List::Util  qw(sum0);
use POSIX       ();
use Time::HiRes qw(time);

# run(subject, count, cpus, environment, work, seconds) returns the figures: resident, tables (bytes, growth), mappings,
# create, release (microseconds); or reached and message, where it stopped before all were parked. With then => sub { ... }
# that is called with the process and the figures while they are, and ends it.
sub run {
    my (%how) = @_;
    my $child   = _start(%how);
    my %figures = (seconds => $how{seconds});
    my $said    = '';
    if (_read_until(\$said, $child, $how{seconds}, qr/^ready$/m)) {
        my %before = _memory($child->{process});
        _go_on($child);
        if (_read_until(\$said, $child, $how{seconds}, qr/^parked (\d+)$/m)) {
            my %after = _memory($child->{process});
            $figures{create} = ($said =~ /^parked (\d+)$/m)[0];
            $figures{$_} = $after{$_} - $before{$_} for qw(resident tables);
            $figures{mappings} = _mappings($child->{process});
            $how{then}->($child->{process}, \%figures) if $how{then};
            _go_on($child);
            _read_until(\$said, $child, $how{seconds}, qr/^released \d+$/m);
            $figures{release} = $1 if $said =~ /^released (\d+)$/m;
        }
    }
    close $child->{input};
    # A program that was to end, and does not, is ended.
    kill 'KILL', $child->{process} if !_read_until(\$said, $child, $how{seconds}, qr/\A(?!)/) && $child->{is_late};
    waitpid $child->{process}, 0 if !$figures{is_reaped};
    _explain(\%figures, \%how, $said, $child) if !defined $figures{create} || (!$how{then} && !defined $figures{release});
    return \%figures;
}

sub _start {
    my (%how) = @_;
    pipe my $to_read, my $input    or die "pipe: $!\n";
    pipe my $output,  my $to_write or die "pipe: $!\n";
    my $process = fork() // die "fork: $!\n";
    if ($process == 0) {
        open STDIN,  '<&', $to_read             or POSIX::_exit(127);
        open STDOUT, '>&', $to_write            or POSIX::_exit(127);
        open STDERR, '>',  "$how{work}/message" or POSIX::_exit(127);
        close $_ for $to_read, $to_write, $input, $output;
        %ENV = (%ENV, %{ $how{environment} });
        chdir $how{work} or POSIX::_exit(127);
        exec '/bin/sh', '-c', 'ulimit -c "$1" 2>/dev/null; shift; exec taskset -c "$@"', 'sh', $how{core} // 0,
            join(',', @{ $how{cpus} }), $how{subject}{path}, $how{subject}{kind}, $how{count}
            or POSIX::_exit(127);
    }
    close $_ for $to_read, $to_write;
    return { process => $process, input => $input, output => $output };
}

sub _go_on {
    my ($child) = @_;
    local $SIG{PIPE} = 'IGNORE';    # it may have ended
    syswrite $child->{input}, "\n";
    return;
}

# Whether it has said so. Not when it has ended, or (is_late) when its time is over.
sub _read_until {
    my ($said, $child, $seconds, $pattern) = @_;
    my $end = time + $seconds;
    while ($$said !~ $pattern) {
        if (!IO::Select->new($child->{output})->can_read($end > time ? $end - time : 0)) {
            $child->{is_late} = 1;
            return 0;
        }
        return 0 if !sysread $child->{output}, $$said, 4096, length $$said;
    }
    return 1;
}

sub _memory {
    my ($process) = @_;
    my %kilobytes = content("/proc/$process/status") =~ /^(VmRSS|VmPTE):\s+(\d+) kB$/mg;
    return (resident => ($kilobytes{VmRSS} // 0) * 1024, tables => ($kilobytes{VmPTE} // 0) * 1024);
}

sub _mappings {
    my ($process) = @_;
    open my $file, '<', "/proc/$process/maps" or return 0;
    my $lines = 0;
    $lines++ while <$file>;
    return $lines;
}

# What it said when it could not go on, in its own words, and how many were parked by then.
sub _explain {
    my ($figures, $how, $said, $child) = @_;
    my @lines = grep { /\S/ } split /\n/, content("$how->{work}/message");
    my ($told) = grep { /^keel:|^fatal error:/ } @lines;
    $figures->{message} = $child->{is_late} ? "no end after $how->{seconds} s" : $told // $lines[-1] // 'nothing';
    $figures->{message} =~ s{\S*/(?=\w+\.hpp)}{}g;
    $figures->{message} =~ s/^[^:]*:\s(?=\S+\.hpp)//;
    ($figures->{reached}) = $said =~ /^reached (\d+)$/m;
    $figures->{reached} //= ($figures->{message} =~ /stacks mapped: (\d+)/)[0];
    return;
}

# What a core dump of the process takes, and how it came about. It ends the process.
# A pattern of the host's that leads elsewhere is left alone: then gcore (gdb) writes it.
sub dump_core {
    my ($process, $figures, $folder) = @_;
    chomp(my $pattern = content('/proc/sys/kernel/core_pattern'));
    my $before = time;
    $figures->{is_reaped} = 1;
    if ($pattern =~ m{^[^|/]+$}) {
        $figures->{by} = 'the kernel';
        kill 'XCPU', $process;    # a signal that nobody handles
        waitpid $process, 0;
    } elsif (Bench::Programs::command('gcore')) {
        $figures->{by} = 'gcore';
        system "gcore -o '$folder/core' $process >/dev/null 2>&1";
    }
    $figures->{dumped} = time - $before;
    kill 'KILL', $process;
    waitpid $process, 0;
    my @files = glob "$folder/core*";
    $figures->{size}    = sum0(map { -s } @files);
    $figures->{on_disk} = sum0(map { (stat)[12] * 512 } @files);
    unlink @files;
    return;
}

1;
