#!/usr/bin/perl
# Refusals that the runs of tools/refuse do not reach: each needs a machine, or a place, of its own.
use strict;
use warnings;
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path);
use ControlGroup;
use Test::More;

plan skip_all => 'strace sees an emulator, not the program' if $ENV{KEEL_EMULATOR};
plan skip_all => 'strace is not installed, or cannot trace here'
    if system('strace -o /dev/null -e inject=getpid:error=EPERM true >/dev/null 2>&1') != 0;
delete $ENV{$_} for grep { /^KEEL_/ && $_ ne 'KEEL_TESTS' } keys %ENV;
my $work = tempdir(CLEANUP => 1);

# Runs the child while the calls are refused; its calls are in the log.
sub run_refusing {
    my ($calls, $error, $name, %options) = @_;
    local $ENV{KEEL_EMULATOR} = "strace -f -qq -o $work/log -e inject=$calls:error=$error";
    return run_child("conditions/children/$name", %options);
}

sub log_lines {
    open my $file, '<', "$work/log" or die "$work/log: $!";
    return map { s/^\d+ +//r } <$file>;
}

# ---- the thread pointer, by arch_prctl

is(run_child('conditions/children/restart')->{output}, "started again\n", 'the thread pointer by the system call');
my $child = run_refusing('arch_prctl', 'EPERM', 'restart');
is($child->{errors}, "keel: arch_prctl fails\n", '  refused: a line');
is($child->{status}, 2, '  and status 2');
is((grep { /^arch_prctl/ } log_lines()), 1, '  it was refused indeed');

# ---- the time, by clock_gettime

is(run_child('conditions/children/time')->{output}, "slept\n", 'the time by the system call');
for my $error (qw(EPERM ENOSYS)) {
    $child = run_refusing('clock_gettime', $error, 'time');
    like($child->{errors}, qr/^keel: panic: the kernel refuses to tell the time \(clock_gettime\)/, "  $error: a panic");
    is($child->{status}, 2, '  and status 2');
}

# ---- descriptors 0 to 2 closed

sub closed_log {
    my ($inject) = @_;
    my $program = child_path('sched/children/quota');
    system('sh', '-c', "exec strace -f -qq -o $work/log $inject $program root '' <&- >&- 2>&-");
    return log_lines();
}

my @calls = closed_log('-e trace=openat,fcntl,read,close');
SKIP: {
    skip 'there is no /proc', 4 if !-e '/proc/self/cgroup';
    like($calls[0], qr/^openat\(AT_FDCWD, "[^"]*", O_RDONLY\|O_CLOEXEC\) += 0/, 'with descriptors closed a file is opened on 0');
    like($calls[1], qr/^fcntl\(0, F_DUPFD_CLOEXEC, 3\) += (?:[3-9]|\d\d+)$/, '  and moved above 2');
    like($calls[2], qr/^close\(0\) += 0/, '  at once');
    is((grep { /^read\([012],/ } @calls), 0, '  nothing is read from a low one');
    @calls = closed_log('-e inject=fcntl:error=EPERM');
    is((grep { /^read\(/ } @calls), 0, 'where it cannot be moved, it is not read');
    is((grep { /^openat\(.* = 0$/ } @calls), (grep { /^close\(0\)/ } @calls), '  and closed again');
}

# ---- the end of a worker's thread

SKIP: {
    my $cpus  = run_child('sched/children/quota', arguments => ['count'])->{output} =~ /(\d+)/ ? $1 : 0;
    my $group = ControlGroup->new(50_000, 100_000);
    skip 'no control group with a quota can be made here', 3 if !$group;
    skip 'needs two CPUs', 3 if $cpus < 2;
    local $ENV{KEEL_EMULATOR} = "strace -f -qq -o $work/log -e inject=exit:error=EPERM";
    $child = $group->inside(sub { run_child('sched/children/quota', arguments => ['timer'], seconds => 60) });
    is($child->{output}, "threads 2\n", "a retiring worker's thread waits, exit refused");
    cmp_ok((grep { /^(?:exit\(0|<... exit resumed).*INJECTED/ } log_lines()), '>=', 1, '  it was refused indeed');
    is((grep { /^futex\(\w+, FUTEX_WAIT_PRIVATE, 0, NULL/ } log_lines()), 1, '  it waits by one call');
}

# ---- a sleep that the kernel refuses

{
    local $ENV{KEEL_WORKERS} = 1;
    for my $error (qw(EPERM ENOSYS)) {
        $child = run_refusing('futex', $error, 'idle', arguments => [1]);
        is($child->{status}, 0, "no futex to sleep on, $error: right all the same");
        my ($refused, $rests) = map { my $call = $_; scalar grep { /^$call\(/ } log_lines() } qw(futex poll);
        cmp_ok($refused, '>=', 1, '  it was refused indeed');
        is($rests, $refused, '  each time it rests, and takes no whole CPU');
    }
}

done_testing();
