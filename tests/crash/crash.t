#!/usr/bin/perl
# What a program that cannot go on says, and how it ends: a table of ways, each with its last words on
# standard error and its status (of a panic or a deadlock) or the signal that ended it (of a fault).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path child_functions function_at);
use Test::More;

my $emulated = $ENV{KEEL_EMULATOR};
my %number   = (SIGILL => 4, SIGBUS => 7, SIGFPE => 8, SIGSEGV => 11);
my $hex      = qr/0x[0-9a-f]+/;

# Standard error without what the emulator adds and what is said of the harness's variables.
sub own_lines {
    my ($child) = @_;
    return join '', grep { !/^qemu: uncaught target signal|KEEL_(?:TESTS|EMULATOR) / }
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

# ---- faults

# The kernel does not tell the address; an emulator says 0.
my $impossible =
    $emulated ? qr/invalid address 0x0 \(null page\)/ : qr/an address that no program can have/;

my @faults = (
    [ 'read-null',       SIGSEGV => qr/invalid address 0x10 \(null page\)/ ],
    [ 'write-null',      SIGSEGV => qr/invalid address 0x0 \(null page\)/ ],
    [ 'read-unmapped',   SIGSEGV => qr/invalid address 0x123456789000/ ],
    [ 'read-impossible', SIGSEGV => $impossible ],
    [ 'write-constant',  SIGSEGV => qr/invalid address $hex/ ],
    [ 'call-data',       SIGSEGV => qr/invalid address ($hex), at \1$/m ],
    [ 'divide',          SIGFPE  => qr/arithmetic fault/ ],
    [ 'illegal',         SIGILL  => qr/illegal instruction/ ],
    [ 'past-the-end',    SIGBUS  => qr/no memory behind address $hex/ ],
    [ 'send-itself',     SIGSEGV => qr/sent by process \d+/ ],
    [ 'send-thread',     SIGBUS  => qr/sent by process \d+/ ],
);

my @functions = child_functions('crash/children/fault');

for my $workers (1, 2) {
    for my $fault (@faults) {
        my ($way, $signal, $cause) = @$fault;
        my $rest = $way eq 'call-data' ? qr/$cause/ : qr/$cause, at $hex$/m;
        my $child = run_fault($way, $workers);
        ends_by($child, $signal, qr/\Akeel: $signal in task 1 "main": $rest\n\z/, "$way on $workers");
        # At its own return address, or in the data; and a sent signal is noticed behind the call.
        if (@functions && $way !~ /call-data|send-/) {
            my ($where) = $child->{errors} =~ /, at ($hex)$/m;
            is(function_at(hex($where // 0), @functions), $way =~ tr/-/_/r, '  at its place in the program');
        }
        # A signal sent to the whole process may be taken by any thread.
        my $who = $way eq 'send-itself' ? qr/(?:task \d+ "\w+"|no task)/ : qr/task \d+ "faulty"/;
        ends_by(run_fault("$way-in-task", $workers),
            $signal, qr/\Akeel: $signal in $who: $rest\n\z/, "$way-in-task on $workers");
    }
}

for my $workers (2, 8) {
    for my $round (1 .. 10) {
        ends_by(run_fault('all-at-once', $workers), 'SIGSEGV',
            qr/\Akeel: SIGSEGV in task \d+[^\n]*null page[^\n]*\n\z/,
            "$workers workers fault at once: one report ($round)");
    }
}

for my $signal (qw(SEGV BUS FPE ILL)) {
    my ($errors, $ended_by) = send_from_outside($signal);
    like($errors, qr/^keel: SIG$signal in (?:task 1 "main"|no task): sent by process $$, at $hex$/m,
        "SIG$signal from another process");
    is($ended_by, $number{"SIG$signal"}, '  ends it');
}

sub run_fault {
    my ($way, $workers) = @_;
    return run_child('crash/children/fault', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
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
    for my $way ('small-frames', 'large-frame') {
        my $child = run_overflow("$way-in-task", $workers);
        ends_by($child, 'SIGSEGV',
            qr/\Akeel: SIGSEGV in task \d+ "deep": $guard (\d+) bytes, at $hex\n\z/,
            "$way overflow a task's stack, on $workers");
        my ($bytes) = own_lines($child) =~ /its stack of (\d+) bytes/;
        cmp_ok($bytes // 0, '>=', 128 * 1024, '  of at least what a task is promised');
    }
    for my $way ('small-frames-in-main', 'small-frames-in-parked-main') {
        ends_by(run_overflow($way, $workers), 'SIGSEGV',
            qr/\Akeel: SIGSEGV in task 1 "main": $guard \d+ bytes, at $hex\n\z/, "$way, on $workers");
    }
}

ends_by(run_overflow('small-frames-on-other-worker', 2), 'SIGSEGV',
    qr/\Akeel: SIGSEGV in task \d+ "deep": $guard \d+ bytes, at $hex\n\z/,
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
    return qr/keel:   $who$and: $reason, spawned at $hex\n/;
}

sub asleep {
    my ($count) = @_;
    return qr/\Akeel: deadlock: all tasks are asleep \($count\)\n/;
}

my $receives = qr/receiving from a channel $hex/;
my $sends    = qr/sending to a channel $hex/;
my $awaits   = qr/keel:   task 1 "main": awaiting a task $hex\n/;

my @deadlocks = (
    [ 'main-alone',         qr/${\asleep(1)}$main_receives\z/ ],
    [ 'await-waiting-task', qr/${\asleep(2)}$awaits${\group('', 0, $receives)}\z/ ],
    [ 'thousand-tasks', qr/${\asleep(1002)}$awaits(?=.*${\group('', 999, $receives)}).*\z/s ],
    [
        'two-groups',
        qr/${\asleep(51)}$main_receives(?=.*${\group('reader', 29, $receives)})(?=.*${\group('writer', 19, $sends)}).*\z/s
    ],
    [ 'sleep-for-ever', qr/${\asleep(1)}keel:   task 1 "main": sleeping\n\z/ ],
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
    my $no_memory = qr/^keel: (?:panic: )?no memory for a task stack.*mapped: \d+.*max_map_count/m;
    for my $workers (1, 2, 8) {
        exits_with(run_memory('all-wait', $workers), 2, $no_memory,
            "more waiting tasks than stacks, on $workers: says so");
        exits_with(run_memory('first-park', $workers), 2, $no_memory,
            "no stack for the first park, on $workers: says so");
        exits_with(run_memory('all-end', $workers), 0, qr/\A\z/,
            "more tasks than stacks, on $workers: each begins when another has ended");
    }
}

sub run_memory {
    my ($way, $workers) = @_;
    return run_child('crash/children/memory', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
}

done_testing();
