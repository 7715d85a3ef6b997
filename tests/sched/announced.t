#!/usr/bin/perl
# A deadlock is reported when all threads of the process are known, and only then: not while one may
# still attach, whatever else came and went when threads were announced. On one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my @late = qw(started-before announced-twice beside-new-workers beside-ending-threads beside-the-monitor);
my %stuck = (
    'main-has-let'                   => 1,
    'detached-stays'                 => 1,
    'never-attached'                 => 1,
    'never-attached-beside-a-thread' => 2,
);

sub child {
    my ($way, $workers) = @_;
    return run_child('sched/children/announced', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

for my $workers (1, 2, 8) {
    for my $way (@late) {
        my $child = child($way, $workers);
        is($child->{status}, 0, "$way on $workers: it is waited for");
        unlike($child->{errors}, qr/deadlock/, '  and no deadlock reported');
    }
    for my $way (sort keys %stuck) {
        my $child = child($way, $workers);
        like($child->{errors}, qr/^keel: deadlock: all tasks are asleep \($stuck{$way}\)$/m,
            "$way on $workers: a deadlock");
        is($child->{status}, 2, '  status 2');
    }
    my $child = child('held-before', $workers);
    like($child->{errors}, qr/^keel: panic: keel_thread_attach before keel_threads_announce /m,
        "held-before on $workers: a panic");
    is($child->{status}, 2, '  status 2');
}

done_testing();
