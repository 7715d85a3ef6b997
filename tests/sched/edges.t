#!/usr/bin/perl
# Blocking calls, foreign threads and held ones, keel_wait_all and the watchdog together: how the process
# ends. On one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my ($main_status, $panic_status) = (3, 2);
my $main_receives   = qr/keel:   task 1 "main": receiving from a channel 0x/;
my $thread_receives = qr/keel:   foreign thread \d+: receiving from a channel 0x/;
my $thread_waits    = qr/keel:   foreign thread \d+: waiting for the end of all other tasks, spawned/;

# Way, status, output, what the errors have; none: there are none.
my @ways = (
    [ 'thread-waits-beside-call', $main_status, "the call is over\n" ],
    [
        'deadlock-after-call', $panic_status, "the call is over\n",
        qr/^keel: deadlock: all tasks are asleep \(2\)\n/,
        $main_receives, $thread_receives
    ],
    [
        'deadlock-on-small-stack', $panic_status, '', qr/^keel: deadlock: all tasks are asleep \(2\)\n/,
        $main_receives, qr/^keel:     at 0x[0-9a-f]+ .*edges\.c/m, $thread_receives
    ],
    [ 'waits-in-a-circle', $panic_status, '', qr/^keel: deadlock: all tasks are asleep \(2\)\n/, $thread_waits ],
    [ 'exits-held',        $main_status,  "all have ended\n" ],
    [ 'exits-on-thread',   $main_status,  "all have ended\n" ],
    [ 'registers-on-thread', $main_status, "first\n" ],
    [ 'end-without-begin', $panic_status, '', qr/keel_blocking_end without keel_blocking_begin \(task 1 "main"/ ],
);

sub child {
    my ($name, $workers, %environment) = @_;
    my $child = run_child('sched/children/edges', arguments => [$name],
        environment => { KEEL_WORKERS => $workers, %environment });
    is($child->{signal}, 0, "$name on $workers: ends by itself");
    return $child;
}

for my $workers (1, 2, 8) {
    for my $way (@ways) {
        my ($name, $status, $output, @errors) = @$way;
        my $child = child($name, $workers);
        my $said = join '', grep { !/KEEL_(?:TESTS|EMULATOR) / } split /(?<=\n)/, $child->{errors};
        is($child->{status}, $status, '  status');
        is($child->{output}, $output, '  output');
        @errors ? map { like($said, $_, '  errors') } @errors : is($said, '', '  no errors');
    }
    my $child = child('thread-spawns-hog', $workers, KEEL_WATCHDOG => 1);
    is($child->{status}, $main_status, '  status');
    like($child->{errors}, qr/^keel: watchdog: task \d+ has held worker \d for [1-9]\d+ ms/m, '  it is seen');
}
done_testing();
