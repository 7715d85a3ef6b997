#!/usr/bin/perl
# Tasks that change the floating-point control registers: the debug archive panics where one without
# KEEL_TASK_FP_CONTROL parks or ends so, by its number and name; and an exception that a task with it
# does not mask is raised in that task.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $is_debug = $ENV{KEEL_TESTS} =~ m{/debug/};
my ($panic, $signal_exception) = (2, 8);

sub run_way {
    my ($way, $workers) = @_;
    return run_child('sched/children/float_control', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

sub ends_well {
    my ($child, $what) = @_;
    is("$child->{status} $child->{signal} $child->{errors}", '0 0 ', $what);
    return;
}

my $raises = run_way('machine-raises', 1)->{signal} == $signal_exception;

for my $workers (1, 2) {
    my %panics = (
        'parks'      => [ 'task 2 "careless"', 'parked' ],
        'ends'       => [ 'task 2 "careless"', 'ended' ],
        'main-parks' => [ 'task 1 "main"',     'parked' ],
    );
    for my $way (sort keys %panics) {
        my ($task, $what) = @{ $panics{$way} };
        my $child = run_way($way, $workers);
        if (!$is_debug) {
            ends_well($child, "$way on $workers: the release archive does not look");
            next;
        }
        is($child->{status}, $panic, "$way on $workers: a panic");
        like(
            $child->{errors},
            qr/\A\Qkeel: panic: $task changed the floating-point control registers from 0x\E\w+
               \ to\ 0x\w+\ and\ $what,\ without\ KEEL_TASK_FP_CONTROL\ \(\Q$task, at 0x\E\w+\)\n/x,
            '  that names the task'
        );
    }
    # Where the function stood in the descriptor a timer lay meanwhile; no two have the same time.
    my @places = map { run_way($_, $workers)->{errors} =~ /, at (0x\w+)\)\n/ } qw(sleeps-and-ends sleeps-and-ends-unhosted);
    is_deeply(\@places, [ ($places[0]) x ($is_debug ? 2 : 0) ], "on $workers: the place is the function, after a sleep too");
    ends_well(run_way($_, $workers), "$_ on $workers: is right")
        for qw(keeper-parks keeper-ends sets-back main-parks-first others-masked);
SKIP: {
        skip 'an emulator without floating-point exceptions', 4 if !$raises;
        for my $way (qw(pending-at-park pending-at-end)) {
            my $child = run_way($way, $workers);
            is($child->{signal}, $signal_exception, "$way on $workers: is raised");
            like($child->{errors}, qr/\Akeel: SIGFPE in task 2 "keeper"/, '  in the task that it belongs to');
        }
    }
}

done_testing();
