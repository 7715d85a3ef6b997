#!/usr/bin/perl
# Who awaits a task that has no handle, itself among them, panics: its end would recycle what the await
# recycles too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

for my $workers (1, 2, 8) {
    for my $way (qw(itself detached until)) {
        my $child = run_child('sched/children/await_nobody', arguments => [$way],
            environment => { KEEL_WORKERS => $workers });
        like($child->{errors}, qr/^keel: panic: keel_task_await of a task that has no handle\b.* \(task \d/m,
            "$way on $workers");
        is($child->{status}, 2, '  status 2');
    }
}
done_testing();
