#!/usr/bin/perl
# Tasks with stacks of other sizes than the default, by their options and by KEEL_STACK_SIZE: what is
# promised is there, memory goes back, who finds no stack waits for one, and reports name the task.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $emulated = $ENV{KEEL_EMULATOR};
my ($KiB, $MiB) = (1024, 1024 * 1024);
my $sigsegv = 11;
my $hex     = qr/0x[0-9a-f]+/;

sub run_way {
    my ($way, $workers, $size, @arguments) = @_;
    return run_child('sched/children/stack_sizes', arguments => [ $way, @arguments ],
        environment => { KEEL_WORKERS => $workers, defined $size ? (KEEL_STACK_SIZE => $size) : () });
}

sub ends_well {
    my ($child, $what) = @_;
    ok($child->{status} == 0 && $child->{signal} == 0, $what)
        or diag("status $child->{status}, signal $child->{signal}: $child->{errors}");
}

my @ways = (
    [ 'bounds',       'sizes that are too small or too large' ],
    [ 'promises',     'what is promised can be used, up to 32 MiB' ],
    [ 'not-hosted',   'such a task never runs on the stack of who awaits it' ],
    [ 'mixed',        '2,000 tasks of eight sizes' ],
    [ 'little',       'small ones take a page or two' ],
    [ 'back',         'after deep use the memory goes back' ],
    [ 'default-back', 'of stacks of the default size too' ],
    [ 'busy-back', 'and when the worker always has something to do' ],
);
my @starved = (
    [ 'starved',          'who finds no stack begins when another has ended' ],
    [ 'starved-yielding', 'also while main never sleeps' ],
    [ 'pools',            'what large ones leave serves others' ],
);

for my $workers (1, 2, 8) {
    ends_well(run_way($_->[0], $workers), "$_->[1], on $workers") for @ways;
    for my $size (1024, 4 * $KiB, 100_000, 128 * $KiB, 1 * $MiB, 20 * $MiB) {
        my $promised = $size < 4 * $KiB ? 4 * $KiB : $size;
        ends_well(run_way('default', $workers, $size, $promised),
            "KEEL_STACK_SIZE=$size is what tasks have, on $workers");
    }
SKIP: {
        skip 'an emulator does not pass on the limit of memory', 3 + @starved if $emulated;
        ends_well(run_way($_->[0], $workers), "$_->[1], on $workers") for @starved;
        my $child = run_way('starved-for-ever', $workers);
        like($child->{errors}, qr/^keel: no memory for a task stack: tasks wait for one/m,
            "where none ends a line says so, on $workers");
        is($child->{status}, 2, '  status 2');
        ends_well(run_way('few-large', $workers), "of twelve stacks of 1 GiB few stay, on $workers");
    }
}

# Who runs on the stack of who awaits it can panic too.
my $panics = run_way('panic-hosted', 1, 1024);
is($panics->{status}, 2, 'a small default, a child that has just what is promised: a panic, status 2');
like($panics->{errors}, qr/^keel: panic: deep \(task/m, '  its message');
like($panics->{errors}, qr/^keel:   at \S+ use_and_panic/m, '  and its trace');

# Other programs with other defaults: what is mixed, and the largest.
for my $size (4 * $KiB, 1 * $MiB) {
    ends_well(run_way('mixed', 2, $size), "all sizes among each other, the default $size");
}
ends_well(run_way('bounds', 2, 1024 * $MiB), 'the default 1 GiB');

# Overflows: which task, and of what size its stack is, with what the runtime needs beyond.
sub overflows {
    my ($way, $promised, $beyond, $size) = @_;
    for my $workers (1, 2) {
        my $child = run_way($way, $workers, $size);
        is($child->{signal}, $sigsegv, "$way, on $workers: SIGSEGV");
        my $words = qr/stack overflow: $hex lies in the guard below its stack of (\d+)/;
        like($child->{errors}, qr/^keel: SIGSEGV in task \d+ "sized": $words/m, '  the report names it');
        my ($bytes) = $child->{errors} =~ $words;
        cmp_ok($bytes // 0, '>=', $promised, '  at least what was promised');
        cmp_ok($bytes // 0, '<=', $promised + $beyond, '  and not much more');
    }
}
overflows('overflow-small',   8 * $KiB,  16 * $KiB);
overflows('overflow-large',   4 * $MiB,  16 * $KiB);
overflows('overflow-default', 128 * $KiB, 66 * $KiB);
overflows('overflow-default', 1 * $MiB,  66 * $KiB, 1_000_000);

for my $value ('1023', '1073741825', 'large', '') {
    my $child = run_way('bounds', 1, $value);
    is($child->{status}, 2, "KEEL_STACK_SIZE=$value is refused");
    like($child->{errors}, qr/^keel: KEEL_STACK_SIZE=$value: a whole number from 1024 to 1073741824/m,
        '  with its range');
}

done_testing();
