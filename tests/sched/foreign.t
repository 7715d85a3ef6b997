#!/usr/bin/perl
# Threads that are no workers: when a deadlock is reported and when not, what wrong calls say, and how
# the process ends from there. On one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex       = qr/0x[0-9a-f]+/;
my $main      = qr/keel:   task 1 "main": receiving from a channel $hex\n/;
my $thread    = qr/keel:   foreign thread \d+: receiving from a channel $hex, spawned at $hex .*\n/;
my $holder    = qr/keel:   task \d+: receiving from a channel $hex, spawned at $hex .*\n/;
my $awaits    = qr/keel:   task 1 "main": awaiting a task(?: that runs on its stack)? \(task \d+\)\n/;
my %deadlocks = (
    'inside'       => qr/\(2\)\n(?:$main$thread|$thread$main)/,
    'inside-first' => qr/\(2\)\n(?:$main$thread|$thread$main)/,
    'ends'         => qr/\(1\)\n$main/,
    'detaches'     => qr/\(1\)\n$main/,
    'held'         => qr/\(2\)\n$awaits$holder/,
);
my $holding = 'a task ends that holds its thread (keel_thread_hold without keel_thread_let)';
my %panics  = (
    'unannounced'             => 'keel_thread_attach before keel_threads_announce',
    'twice'                   => 'keel_thread_attach on a thread that is attached, or a task\'s',
    'attach-by-a-task'        => 'keel_thread_attach on a thread that is attached, or a task\'s',
    'detach-by-a-task'        => 'keel_thread_detach on a thread that keel_thread_attach has not attached',
    'detach-of-a-started-one' => 'keel_thread_detach on a thread that keel_thread_attach has not attached',
    'let'                     => 'keel_thread_let without keel_thread_hold',
    'ends-holding'            => $holding,
    'ends-holding-alone'      => $holding,
    'panics'                  => 'enough',
);
my %who = (
    'unannounced'             => qr/no task/,
    'twice'                   => qr/foreign thread \d+/,
    'detach-of-a-started-one' => qr/foreign thread \d+/,
    'ends-holding'            => qr/task \d+/,
    'ends-holding-alone'      => qr/task \d+/,
    'panics'                  => qr/foreign thread \d+ "visitor"/,
);
my %ends = (
    'outside'          => [ 0, '' ],
    'sleeps'           => [ 0, '' ],
    'attaches-later'   => [ 0, '' ],
    'exits'            => [ 9, "last\n" ],
    'many-exit'        => [ 9, "last\n" ],
    'exits-while-held' => [ 9, "last\n" ],
);

sub child {
    my ($way, $workers) = @_;
    my $child = run_child('sched/children/foreign', arguments => [$way],
        environment => { KEEL_WORKERS => $workers });
    $child->{words} = join '', grep { !/KEEL_(?:TESTS|EMULATOR) |^keel:     at / }
        split /(?<=\n)/, $child->{errors};
    return $child;
}

for my $workers (1, 2, 8) {
    for my $way (sort keys %deadlocks) {
        my $child = child($way, $workers);
        like($child->{words}, qr/\Akeel: deadlock: all tasks are asleep $deadlocks{$way}\z/,
            "$way on $workers: a deadlock");
        is($child->{status}, 2, '  status 2');
    }
    for my $way (sort keys %panics) {
        my $child = child($way, $workers);
        my $who = $who{$way} // qr/task 1 "main"/;
        like($child->{words}, qr/\Akeel: panic: \Q$panics{$way}\E \($who, at $hex\)\n/,
            "$way on $workers: a panic");
        is($child->{status}, 2, '  status 2');
    }
    for my $way (sort keys %ends) {
        my $child = child($way, $workers);
        my ($status, $output) = @{ $ends{$way} };
        is($child->{status}, $status, "$way on $workers: ends by itself");
        is($child->{output} . $child->{words}, $output, '  and says no more than it should');
    }
}

my $child = child('overflows', 2);
like($child->{words},
    qr/\Akeel: SIGSEGV in foreign thread \d+: stack overflow: $hex lies in the guard below its stack of \d+ bytes/,
    'an overflow of a thread\'s stack is known');

done_testing();
