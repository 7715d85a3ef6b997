#!/usr/bin/perl
# What a program that cannot go on says, and how it ends: a table of ways, each with its last words on
# standard error and its status (of a panic or a deadlock) or the signal that ended it (of a fault).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(contents run_child child_path);
use Test::More;

my $emulated = $ENV{KEEL_EMULATOR};
my %number   = (SIGILL => 4, SIGBUS => 7, SIGFPE => 8, SIGSEGV => 11);
my $hex      = qr/0x[0-9a-f]+/;

# Standard error without what the emulator adds, what is said of the harness's variables, and where the
# tasks of a deadlock wait (sched/deadlock.t).
sub own_lines {
    my ($child) = @_;
    return join '', grep { !/^qemu: uncaught target signal|^keel:     at |KEEL_(?:TESTS|EMULATOR) / }
        split /(?<=\n)/, $child->{errors};
}

sub ends_by {
    my ($child, $signal, $words, $what) = @_;
    like(own_lines($child), $words, $what);
    is($child->{signal}, $number{$signal}, "  $signal");
    is($child->{output}, '', '  no exit function runs');
}

sub exits_with {
    my ($child, $status, $words, $what) = @_;
    like(own_lines($child), $words, $what);
    is($child->{signal}, 0, '  no signal');
    is($child->{status}, $status, "  status $status");
}

# ---- faults: several at once, and from outside (reports.t has the table of the others)

# The whole report, and only one: after its first line come registers and frames.
my $rest = qr/(?:keel:   [^\n]*\n)+/;

for my $workers (2, 8) {
    for my $round (1 .. 10) {
        ends_by(run_fault('all-at-once', $workers), 'SIGSEGV',
            qr/\Akeel: SIGSEGV in task \d+[^\n]*null page[^\n]*\n$rest\z/,
            "$workers workers fault at once: one report ($round)");
    }
}

# While another thread says why the process ends, nobody else ends it, or says another thing.
for my $way ('exit-during-report', 'panic-during-report') {
    ends_by(run_places($way), 'SIGSEGV',
        qr/\Akeel: SIGSEGV in task \d+: [^\n]*null page[^\n]*\n$rest\z/, $way);
}
for my $round (1 .. 10) {
    exits_with(run_places('panics-at-once'), 2, qr/\Akeel: panic: [^\n]*\nkeel:   at [^\n]*give_up[^\n]*\n$rest\z/,
        "two panics at once: one report ($round)");
}

sub run_places {
    my ($way) = @_;
    return run_child('crash/children/places', arguments => [$way], environment => { KEEL_WORKERS => 2 });
}

for my $signal (qw(SEGV BUS FPE ILL)) {
    my ($errors, $ended_by);
    # As in run_child: qemu may die of a signal without a word.
    for my $try (1 .. ($emulated ? 5 : 1)) {
        ($errors, $ended_by) = send_from_outside($signal);
        last if $errors =~ /^keel: SIG/m || $ended_by != $number{SIGSEGV};
    }
    like($errors, qr/^keel: SIG$signal in (?:task 1 "main"|no task): sent by process $$, at $hex$/m,
        "SIG$signal from another process");
    is($ended_by, $number{"SIG$signal"}, '  ends it');
}

# A signal sent to the whole process may be taken by any thread.
for my $way ('send-itself', 'send-itself-in-task') {
    ends_by(run_fault($way, 2), 'SIGSEGV',
        qr/\Akeel: SIGSEGV in (?:task \d+ "\w+"|no task): sent by process \d+, at $hex\n$rest\z/, $way);
}

sub run_fault {
    my ($way, $workers) = @_;
    return run_child('crash/children/fault', arguments => [$way],
        environment => { KEEL_WORKERS => $workers }, sends_signal => scalar($way =~ /^send/));
}

sub send_from_outside {
    my ($signal) = @_;
    my $errors = File::Temp->new;
    pipe my $reader, my $writer or die "pipe: $!";
    my $child = fork() // die "fork: $!";
    if ($child == 0) {
        open STDOUT, '>&', $writer or POSIX::_exit(127);
        open STDERR, '>&', $errors or POSIX::_exit(127);
        alarm 20;
        my @command =
            (split(' ', $emulated // ''), child_path('crash/children/fault'), 'wait-for-signal');
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    close $writer;
    my $waiting = <$reader>;
    kill $signal, $child;
    waitpid $child, 0;
    my $ended_by = $? & 127;
    open my $file, '<', $errors->filename or die $!;
    local $/;
    return (<$file> // '', $ended_by);
}

# ---- stack overflow

my $guard = qr/stack overflow: $hex lies in the guard below its stack of/;

for my $workers (1, 2) {
    my ($bytes) = own_lines(run_overflow('small-frames-in-task', $workers)) =~ /its stack of (\d+) bytes/;
    cmp_ok($bytes // 0, '>=', 128 * 1024, "a task has the stack that it is promised, on $workers");
}

ends_by(run_overflow('small-frames-on-other-worker', 2), 'SIGSEGV',
    qr/\Akeel: SIGSEGV in task \d+ "deep": $guard \d+ bytes, at $hex\n$rest\z/,
    'on a thread other than the first');

sub run_overflow {
    my ($way, $workers) = @_;
    return run_child('crash/children/overflow', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

# ---- deadlock

# A line of the report: `$who: <reason>, spawned at ...` (main: without).
my $main_receives = qr/keel:   task 1 "main": receiving from a channel $hex\n/;

sub group {
    my ($name, $others, $reason) = @_;
    my $who = $name ? qr/task \d+ "$name"/ : qr/task \d+/;
    my $and = $others == 0 ? '' : $others == 1 ? ' and 1 other' : " and $others others";
    my $place = qr{\w+\+$hex \((?:[^:)]*/)?deadlock\.c:\d+\)};
    return qr/keel:   $who$and: $reason, spawned at $hex $place\n/;
}

sub asleep {
    my ($count) = @_;
    return qr/\Akeel: deadlock: all tasks are asleep \($count\)\n/;
}

my $receives = qr/receiving from a channel $hex/;
my $sends    = qr/sending to a channel $hex/;
my $awaits   = qr/keel:   task 1 "main": awaiting a task \(task \d+\)\n/;

my @deadlocks = (
    [ 'main-alone',         qr/${\asleep(1)}$main_receives\z/ ],
    [ 'await-waiting-task', qr/${\asleep(2)}$awaits${\group('', 0, $receives)}\z/ ],
    [ 'thousand-tasks', qr/${\asleep(1002)}$awaits(?=.*${\group('', 999, $receives)}).*\z/s ],
    [
        'two-groups',
        qr/${\asleep(51)}$main_receives(?=.*${\group('reader', 29, $receives)})(?=.*${\group('writer', 19, $sends)}).*\z/s
    ],
    [ 'sleep-for-ever', qr/${\asleep(1)}keel:   task 1 "main": sleeping for ever\n\z/ ],
    [ 'idle-workers',   qr/${\asleep(1)}$main_receives\z/ ],
    [ 'after-sleep',    qr/${\asleep(2)}$main_receives${\group('', 0, $receives)}\z/ ],
    [ 'at-exit',        qr/${\asleep(1)}$main_receives\z/ ],
);

for my $workers (1, 2, 8) {
    for my $deadlock (@deadlocks) {
        my ($way, $words) = @$deadlock;
        exits_with(run_deadlock($way, $workers), 2, $words, "deadlock: $way on $workers");
    }
    for my $way (qw(sleeper sleeper-often computing)) {
        exits_with(run_deadlock($way, $workers), 0, qr/\A\z/, "no deadlock: $way on $workers");
    }
}

sub run_deadlock {
    my ($way, $workers) = @_;
    return run_child('crash/children/deadlock', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

# ---- no memory for stacks

SKIP: {
    skip 'an emulator does not pass on the limit of memory', 1 if $emulated;
    my $mapped    = qr/^keel: (?:panic: )?no memory for a task stack.*mapped: \d+; the limit may be/m;
    my $no_memory = qr{$mapped (?:RLIMIT_AS or /proc/sys/vm/overcommit_memory|/proc/sys/vm/max_map_count)\b}m;
    for my $workers (1, 2, 8) {
        exits_with(run_memory('all-wait', $workers), 2, $no_memory,
            "more waiting tasks than stacks, on $workers: says so");
        exits_with(run_memory('all-wait-mapped', $workers), 2, qr{$mapped /proc/sys/vm/max_map_count\b}m,
            "the same where each stack takes mappings, on $workers");
        exits_with(run_memory('first-park', $workers), 2, $no_memory,
            "no stack for the first park, on $workers: says so");
        exits_with(run_memory('all-end', $workers), 0, qr/\A\z/,
            "more tasks than stacks, on $workers: each begins when another has ended");
    }
}

# At the limit itself: each stack takes two mappings, of which the kernel allows so many.
my $mappings = -r '/proc/sys/vm/max_map_count' ? 0 + contents('/proc/sys/vm/max_map_count') : 0;
SKIP: {
    skip 'an emulator has mappings of its own',                             1 if $emulated;
    skip "vm.max_map_count is $mappings, for more or fewer stacks than these", 1
        if $mappings < 10_000 || $mappings > 70_000;
    for my $workers (1, 2) {
        my $child = run_memory('all-wait-at-limit', $workers);
        exits_with($child, 2,
            qr{^keel: no memory for a task stack: tasks wait for one, and all others wait; task stacks mapped: \d+; the limit may be /proc/sys/vm/max_map_count$}m,
            "40,000 tasks that wait, on $workers: says which limit");
        my ($count) = $child->{errors} =~ /stacks mapped: (\d+)/;
        cmp_ok($count // 0, '>=', $mappings / 2 - 300, '  with as many stacks as it allows');
        exits_with(run_memory('all-end-at-limit', $workers), 0, qr/\A\z/,
            "40,000 tasks that end, on $workers: those that found no stack begin then");
    }
}

sub run_memory {
    my ($way, $workers) = @_;
    return run_child('crash/children/memory', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

done_testing();
