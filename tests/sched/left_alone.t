#!/usr/bin/perl
# What foreign and held threads have changed of themselves reaches no worker; they make workers come
# nevertheless; they keep no memory, and count as tasks do. On one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my %all = (
    'blocked-signals' => 'no worker has the signal mask of a thread that spawns',
    'waiting'         => 'a thread that waits has given back what came home to it',
    'ended'           => 'threads that have ended keep little, however many',
    'heaps-at-hand'   => 'a heap that is looked after is missed by nobody',
    'counted'         => 'what a thread waits for and ends itself is counted',
    'float-control'   => 'a started thread has the program\'s floating-point control',
);
my %panics = (
    'attach-on-one-cpu' => 'keel_thread_attach on a thread that is attached, or a task\'s \(task \d+,',
    'detached-twice'    =>
        'keel_thread_detach on a thread that keel_thread_attach has not attached \(no task,',
);

sub child {
    my ($way, $workers, $program) = @_;
    return run_child('sched/children/' . ($program // 'left_alone'), arguments => [$way],
        environment => { defined $workers ? (KEEL_WORKERS => $workers) : () });
}

for my $workers (1, 2, 8) {
    is(child($_, $workers)->{status}, 0, "$all{$_} ($workers)") for sort keys %all;
}
for my $workers (2, 8) {
    is(child('held-spawner', $workers)->{status}, 0, "beside a worker that computes another is made ($workers)");
    for my $way (sort keys %panics) {
        my $child = child($way, $workers);
        like($child->{errors}, qr/^keel: panic: $panics{$way}/m, "$way on $workers: a panic");
        is($child->{status}, 2, '  status 2');
    }
}
is(child('pinned')->{status}, 0, 'nor its affinity, and their number is that of the process\'s CPUs');

SKIP: {
    skip 'strace sees an emulator, not the program', 1 if $ENV{KEEL_EMULATOR};
    skip 'strace is not installed, or cannot trace here', 1
        if system('strace -o /dev/null -e inject=getpid:error=EPERM true >/dev/null 2>&1') != 0;
    # The second call gives the new thread back where it may run.
    local $ENV{KEEL_EMULATOR} =
        'strace -f -qq -o /dev/null -e inject=sched_setaffinity:delay_enter=100000:when=2';
    is(child('held', 2, 'placed_late')->{status}, 0, 'who holds a new worker\'s thread waits until that is placed');
    is(child('made', 8, 'placed_late')->{status}, 0, 'so does a new worker that makes another');
    is(child('started', 2, 'placed_late')->{status}, 0, 'and one that starts a thread');
    is(child('lent', 2, 'placed_late')->{status}, 0, 'and who lends it on');
}

done_testing();
