#!/usr/bin/perl
# How the report of a deadlock groups the tasks: by the place that spawned them and the reason for
# which they wait.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex      = qr/0x[0-9a-f]+/;
my $main     = qr/keel:   task 1 "main": receiving from a channel $hex\n/;
my $receives = qr/: receiving from a channel $hex, spawned at $hex\n/;
my $sends    = qr/: sending to a channel $hex, spawned at $hex\n/;

sub asleep {
    my ($count) = @_;
    return qr/keel: deadlock: all tasks are asleep \($count\)\n/;
}

my @deadlocks = (
    [ 'places', qr/${\asleep(71)}$main(?:keel:   task \d+$receives){63}keel:   and 7 more\n/ ],
    [
        'reasons',
        qr/${\asleep(6)}$main(?=.*^keel:   task \d+ and 1 other$receives)(?=.*^keel:   task \d+ and 2 others$sends)(?:.*\n){2}/ms
    ],
    [ 'pair', qr/${\asleep(3)}${main}keel:   task \d+ and 1 other$receives/ ],
);

for my $workers (1, 2, 8) {
    for my $deadlock (@deadlocks) {
        my ($way, $words) = @$deadlock;
        my $child = run_child('sched/children/deadlock_groups', arguments => [$way],
            environment => { KEEL_WORKERS => $workers });
        my $report = join '', grep { !/KEEL_(?:TESTS|EMULATOR) / } split /(?<=\n)/, $child->{errors};
        like($report, qr/\A$words\z/, "$way on $workers");
        is($child->{status}, 2, '  status 2');
    }
}

done_testing();
