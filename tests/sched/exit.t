#!/usr/bin/perl
# The end of a process that has tasks: from whichever task, whatever the others do, and with exit
# functions that park. Each way on one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

sub run_way {
    my ($name, $workers, $program) = @_;
    return run_child("sched/children/$program", arguments => [$name],
        environment => { KEEL_WORKERS => $workers });
}

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

my @corners = (
    [ 'after-all',                $main_status, 100 ],
    [ 'all-in-function',          $task_status, 100 ],
    [ 'while-all-wait',           $task_status, 'first' ],
    [ 'two-at-once',              $task_status, qw(second first) ],
    [ 'exit-in-functions',        $task_status, 'exits once more', 'exits again', 'first' ],
    [ 'from-awaited',             $task_status, 'first' ],
    [ 'exit-of-awaited',          $task_status, 'both stuck', 'all gone', 'first' ],
    [ 'functions-do-all',         $main_status, qw(slept registers second forked awaited first) ],
);

for my $workers (1, 2, 8) {
    for my $way ((map { [ exit => @$_ ] } @ways), map { [ exit_corners => @$_ ] } @corners) {
        my ($program, $name, $status, @lines) = @$way;
        my $child = run_way($name, $workers, $program);
        is($child->{signal}, 0, "$name on $workers: ends by itself");
        is($child->{status}, $status, '  status');
        is($child->{output}, join('', map { "$_\n" } @lines), '  the exit functions, last first, once');
    }
    my $stuck = run_way('function-awaits-exit', $workers, 'exit_corners');
    is("$stuck->{status} $stuck->{output}", '2 ', "function-awaits-exit on $workers: goes on no more");
    like($stuck->{errors}, qr/^keel: deadlock: all tasks are asleep \(2\)$/m, '  and says so');

    # Tasks register functions while they run already: as many as do in time.
    my $child = run_way('at-once', $workers, 'exit');
    is($child->{status}, $main_status, "at-once on $workers: status");
    like($child->{output}, qr/\A(?:first\n)+\z/, '  at least the first function');

    # Some may print until the very end, but no line is torn, and the exit function's is there.
    $child = run_way('while-others-print', $workers, 'exit_corners');
    is($child->{status}, $main_status, "while-others-print on $workers: status");
    like($child->{output}, qr/\A(?:printed\n)*last\n(?:printed\n)*(?:p|pr|pri|prin|print|printe|printed)?\z/,
        '  all that was printed');
}

done_testing();
