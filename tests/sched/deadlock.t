#!/usr/bin/perl
# How the report of a deadlock groups the tasks: by the place that spawned them and the reason for
# which they wait; and from which calls.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex      = qr/0x[0-9a-f]+/;
my $main     = qr/keel:   task 1 "main": receiving from a channel $hex\n/;

# A line's end: for what they wait, and where in the program they were spawned.
sub spawned_in {
    my ($function, $reason) = @_;
    return qr{: $reason $hex, spawned at $hex $function\+$hex \(\S*deadlock_groups\.c:\d+\)\n};
}

my $waits_for_all = 'waiting for the end of all other tasks';

# What is waited for may have no address.
sub waits_in {
    my ($function, $reason) = @_;
    return qr{: $reason, spawned at $hex $function\+$hex \(\S*deadlock_groups\.c:\d+\)\n};
}

sub receives { return spawned_in($_[0], 'receiving from a channel') }
sub sends    { return spawned_in($_[0], 'sending to a channel') }

sub asleep {
    my ($count) = @_;
    return qr/keel: deadlock: all tasks are asleep \($count\)\n/;
}

my @deadlocks = (
    [ 'places', qr/${\asleep(71)}$main(?:keel:   task \d+${\receives("places")}){63}keel:   and 7 more\n/ ],
    [
        'reasons',
        qr/${\asleep(6)}$main(?=.*^keel:   task \d+ and 1 other${\receives("reasons")})(?=.*^keel:   task \d+ and 2 others${\sends("reasons")})(?:.*\n){2}/ms
    ],
    [
        'all',
        qr/${\asleep(6)}keel:   task 1 "main": $waits_for_all\n(?=.*^keel:   task \d+ and 2 others${\waits_in("all", $waits_for_all)})(?=.*^keel:   task \d+${\waits_in("all", "sleeping for ever")})(?=.*^keel:   task \d+${\waits_in("all", "awaiting a task [(]task \\d+[)]")})(?:.*\n){3}/ms
    ],
    [ 'pair', qr/${\asleep(3)}${main}keel:   task \d+ and 1 other${\receives("pair")}/ ],
);

for my $workers (1, 2, 8) {
    for my $deadlock (@deadlocks) {
        my ($way, $words) = @$deadlock;
        my $child = run_child('sched/children/deadlock_groups', arguments => [$way],
            environment => { KEEL_WORKERS => $workers });
        my $report = join '', grep { !/KEEL_(?:TESTS|EMULATOR) |^keel:     at / } split /(?<=\n)/, $child->{errors};
        like($report, qr/\A$words\z/, "$way on $workers");
        is($child->{status}, 2, '  status 2');
    }

    # The program's own calls below the one that waits; not the library's, and no more than three.
    my $child = run_child('sched/children/deadlock_groups', arguments => ['nested'],
        environment => { KEEL_WORKERS => $workers });
    my $at = sub { qr{keel:     at $hex $_[0]\+$hex \(\S*deadlock_groups\.c:\d+\)\n} };
    my @nested = map { $at->($_) } qw(innermost inner outer);
    like($child->{errors}, qr/: receiving from a channel $hex, spawned at .*\n$nested[0]$nested[1]$nested[2](?!keel:     at)/,
        "nested on $workers: where a task waits");
    like($child->{errors}, qr/"main": sleeping for ever\n${\$at->('nested')}/, '  and where main does');
    unlike($child->{errors}, qr/^keel:     at .*(?:keel_|sched_|park)/m, '  in no call of the library');
}

done_testing();
