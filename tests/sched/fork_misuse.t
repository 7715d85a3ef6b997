#!/usr/bin/perl
# Forks that are joined wrongly, or not at all, end the process by a panic that says so; and a program
# that does not fork has nothing of it in its image.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path);
use Test::More;

my $unjoined = 'a task ends with a forked child that it has not joined';
my @ways     = (
    [ 'unjoined',             $unjoined ],
    [ 'unjoined-task',        $unjoined ],
    [ 'unjoined-hosted',      $unjoined ],
    [ 'unjoined-hosted-task', $unjoined ],
    [ 'exits' ],
    [ 'joined' ],
    [ 'wrong-order', 'keel_join of a frame that is not the last one forked' ],
    [ 'twice',       'keel_join of a frame that was not forked, or joined before' ],
);

for my $workers (1, 2, 8) {
    for my $way (@ways) {
        my ($name, $words) = @$way;
        my $child = run_child('sched/children/fork_misuse', arguments => [$name],
            environment => { KEEL_WORKERS => $workers });
        like($child->{errors}, defined $words ? qr/^keel: panic: \Q$words\E \(task \d+/m : qr/\A\z/,
            "$name on $workers");
        is($child->{status}, defined $words ? 2 : 0, '  and its status');
    }
}

SKIP: {
    skip 'nm is not installed', 2 if !`nm --version 2>/dev/null`;
    my $fork = qr/ [tT] (?:keel__)?(?:keel_fork_slow|keel_join|keel_parallel_for)\n/;
    like(names_of('sched/fork'), $fork, 'a program that forks has the slow paths');
    unlike(names_of('sched/await'), $fork, 'a program that does not fork has none of them');
}
done_testing();

sub names_of {
    my ($program) = @_;
    my $path = child_path($program);
    return scalar `nm '$path'`;
}
