#!/usr/bin/perl
# The end of a process that has tasks: from whichever task, whatever the others do, and with exit
# functions that park. Each way on one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my ($main_status, $task_status) = (3, 9);

my @ways = (
    [ 'from-task',                $task_status, qw(second first) ],
    [ 'from-many-tasks',          $task_status, qw(second first) ],
    [ 'registered-by-tasks',      $main_status, qw(second first) ],
    [ 'registered-at-once',       $main_status, 1000 ],
    [ 'functions-park',           $main_status, qw(received first) ],
    [ 'functions-park-many-exit', $task_status, qw(second first received) ],
    [ 'exit-in-parked-function',  $task_status, 'received', 'exits again', 'first' ],
    [ 'while-others-run',         $main_status, 'first' ],
    [ 'while-main-computes',      $task_status, 'first' ],
    [ 'main-moves',               $main_status, 'first' ],
);

for my $workers (1, 2, 8) {
    for my $way (@ways) {
        my ($name, $status, @lines) = @$way;
        my $child = run_child('sched/children/exit', arguments => [$name],
            environment => { KEEL_WORKERS => $workers });
        is($child->{signal}, 0, "$name on $workers: ends by itself");
        is($child->{status}, $status, '  status');
        is($child->{output}, join('', map { "$_\n" } @lines), '  the exit functions, last first, once');
    }
    # Tasks register functions while they run already: as many as do in time.
    my $child = run_child('sched/children/exit', arguments => ['at-once'],
        environment => { KEEL_WORKERS => $workers });
    is($child->{status}, $main_status, "at-once on $workers: status");
    like($child->{output}, qr/\A(?:first\n)+\z/, '  at least the first function');
}

done_testing();
