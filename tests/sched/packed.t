#!/usr/bin/perl
# Tasks with packed stacks: what is promised is there, they are small, who uses more is found out, and what
# begins on such a stack and goes deep (panics, faults, the exit) has the stack that it needs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex = qr/0x[0-9a-f]+/;

sub run_way {
    my ($way, $workers, %more) = @_;
    my $program = $way =~ /^overflow-/ ? 'packed_overflow'
        : $way =~ /^(?:panic|fault|deadlock|exit|let|end-)/ ? 'packed_ends' : 'packed';
    return run_child("sched/children/$program", arguments => [$way],
        environment => { KEEL_WORKERS => $workers, %more });
}

sub ends_with {
    my ($child, $status, $what) = @_;
    ok($child->{status} == $status && $child->{signal} == 0, $what)
        or diag("status $child->{status}, signal $child->{signal}: $child->{errors}");
}

my @ways = (
    [ 'promises',      'what is promised can be used, beside others' ],
    [ 'sizes',         'sizes are rounded up' ],
    [ 'small',         '30,000 that wait are small, and all go on' ],
    [ 'nests',         '2,000 that await each other' ],
    [ 'hosts-nobody',  'no child runs on such a stack' ],
    [ 'float-control', 'with floating-point control of their own' ],
);
my $whose    = qr/spawned at $hex; give it a larger stack_size \(KEEL_STACKS=1 shows what tasks use\)/;
my $too_much = qr/^keel: panic: task \d+ "packed" used more than its stack of 1024 bytes, $whose/m;
my $whom  = qr/the packed stack of task \d+ "packed", spawned at $hex/;
my $above = qr/was written over from above, where task \d+ "culprit" has its stack of 1024 bytes/;
my %overflow = (
    'overflow-park'            => $too_much,
    'overflow-yield'           => $too_much,
    'overflow-end'             => $too_much,
    'overflow-past-the-canary' => $too_much,
    'overflow-frame'           => $too_much,
    'overflow-held'            => $too_much,
    'overflow-blocking'        => $too_much,
    'overflow-jump'            => $too_much,
    'overflow-float'           => $too_much,
    'overflow-victim'          => qr/^keel: panic: $whom, $above, $whose/m,
    'overflow-victim-runs'     => qr/^keel: panic: $whom, $above, $whose/m,
    'overflow-free'            => qr/^keel: panic: a packed stack that is free $above, $whose/m,
    'overflow-by-nobody'       => qr/^keel: panic: $whom, was written over from above, where no task has one now: which did is not known/m,
);

for my $workers (1, 2, 8) {
    ends_with(run_way($_->[0], $workers), 0, "$_->[1], on $workers") for @ways;
    for my $way (sort keys %overflow) {
        my $child = run_way($way, $workers);
        ends_with($child, 2, "$way, on $workers");
        like($child->{errors}, $overflow{$way}, '  the panic names it');
    }
    my $guard = run_way('overflow-guard', $workers);
    is($guard->{signal}, 11, "below the lowest stack, on $workers: SIGSEGV");
    like($guard->{errors}, qr/^keel: SIGSEGV in task \d+ "packed": stack overflow: $hex lies in the guard below its stack of 1024 bytes/m,
        '  the report names it');

    my $panic = run_way('panic', $workers);
    ends_with($panic, 2, "a panic, on $workers");
    like($panic->{errors}, qr/^keel: panic: from a packed stack \(task \d+ "packed", at $hex\)/m, '  its line');
    like($panic->{errors}, qr/ panic_here[.+].*\n.* call_panic[.+]/, '  its trace leads to the other stack') or diag $panic->{errors};

    my $fault = run_way('fault', $workers);
    is($fault->{signal}, 11, "a fault, on $workers");
    like($fault->{errors}, qr/^keel: SIGSEGV in task \d+ "packed"/m, '  its report');
    like($fault->{errors}, qr/ fault_here[.+]/, '  its trace');

    my $deadlock = run_way('deadlock', $workers);
    ends_with($deadlock, 2, "a deadlock, on $workers");
    like($deadlock->{errors}, qr/all tasks are asleep/, '  is found');
    like($deadlock->{errors}, qr/^keel:   task \d+ "packed".*\nkeel:     at $hex receive[+]/m,
        '  and shows where they wait') or diag $deadlock->{errors};

    my $exit = run_way('exit', $workers);
    ends_with($exit, 7, "keel_exit, on $workers");
    is($exit->{output}, "second\nfirst\n", '  its functions go deep, and park');
    my $many = run_way('exit-of-many', $workers);
    ends_with($many, 7, "keel_exit by many at once, on $workers");
    is($many->{output}, "first\n", '  one runs them');
    ends_with(run_way('exit-while-others-run', $workers), 7, "an exit while packed tasks come and go, on $workers");

    for my $way ('exit-blocking', 'exit-holding') {
        my $beside = run_way($way, $workers);
        ends_with($beside, 7, "$way, on $workers");
        is($beside->{output}, "second\nfirst\n", '  its functions go deep, and park');
    }
    my $loop = run_way('exit-in-loop', $workers);
    ends_with($loop, 7, "keel_exit in a loop on a held thread, on $workers");
    is($loop->{output}, "second\nfirst\n", '  its functions go deep, park, and let the thread');
    my $let = run_way('let-in-loop', $workers);
    ends_with($let, 2, "a thread let in a loop that runs on it, on $workers");
    like($let->{errors}, qr/^keel: panic: keel_thread_let in a loop's body, .* \(task \d+ "packed", at $hex\)/m, '  is a panic');
    my $blocking = run_way('end-blocking', $workers);
    ends_with($blocking, 2, "an end within a blocking call, on $workers");
    like($blocking->{errors}, qr/^keel: panic: .*keel_blocking_begin.* \(task \d+ "packed", at $hex\)/m, '  is a panic');
    my $holding = run_way('end-holding', $workers);
    ends_with($holding, 2, "an end that holds its thread, on $workers");
    like($holding->{errors}, qr/^keel: panic: .*keel_thread_hold.* \(task \d+ "packed", at $hex\)/m, '  is a panic');

    my $census = run_way('census', $workers, KEEL_STACKS => 1);
    ends_with($census, 0, "the census, on $workers");
    my ($used) = $census->{errors} =~ /^keel:   (\d+) of 1024 bytes: 10 tasks ended, spawned at $hex/m;
    cmp_ok($used // 0, '>=', 64 + 520, '  no less than they use');
    cmp_ok($used // 0, '<=', 64 + 520 + 200, '  nor much more');
    my $left = run_way('exit', $workers, KEEL_STACKS => 1);
    like($left->{errors}, qr/^keel:   \d+ of 1024 bytes: (?:\d+ tasks? ended, )?1 task not yet/m,
        "  who exits is among them, on $workers");
}

done_testing();
