#!/usr/bin/perl
# Shelved tasks on one, two and eight workers; and how a program ends that has some.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex      = qr/0x[0-9a-f]+/;
my $spawned  = qr/spawned at $hex \w+\+$hex \(\S*shelved\.h:\d+\)/;
my $at       = qr/keel:     at $hex/;
my $receives = qr/: receiving from a channel $hex/;
my @deadlock = (
    qr/\Akeel: deadlock: all tasks are asleep \(11\)\n(?:keel:   .*\n)+\z/,
    qr/^keel:   task 1 "main"$receives$/m,
    qr/^keel:   task \d+ and 9 others$receives, $spawned\n$at receive_with_pattern\S*\+$hex .*\n$at receive\+$hex /m,
);

my $no_guard = qr/\Akeel: panic: no memory for the guard of a shelved task's stack; task stacks mapped: \d+; /;
my $skipped  = 77;

# What each task puts on its stack, as shelved.h says.
my $pattern = 1500 * 8;

sub own_lines {
    my ($child) = @_;
    return join '', grep { !/KEEL_(?:TESTS|EMULATOR) / } split /(?<=\n)/, $child->{errors};
}

for my $workers (1, 2, 8) {
    my %environment = (KEEL_WORKERS => $workers);
    for my $program ('chan/shelved', 'chan/shelved_kept') {
        my $all = run_child($program, environment => {%environment});
        is($all->{status}, 0, "all of $program on $workers") or diag $all->{output};
    }
    my $dead = run_child('chan/children/shelved_ends', arguments => ['deadlock'], environment => {%environment});
    like(own_lines($dead), $_, "a deadlock on $workers") for @deadlock;
    is($dead->{status}, 2, '  status 2');
    for my $way ('exit', 'exit-meanwhile') {
        my $ended = run_child('chan/children/shelved_ends', arguments => [$way], environment => {%environment});
        is($ended->{status}, 7, "$way on $workers") or diag own_lines($ended);
    }
    my $refused = run_child('chan/children/shelved_ends', arguments => ['refused'], environment => {%environment});
  SKIP: {
        skip 'no slots, or no seccomp, here', 2 if $refused->{status} == $skipped;
        like(own_lines($refused), $no_guard, "no guard for who comes back, on $workers");
        is($refused->{status}, 2, '  status 2');
    }
    my $census = run_child('chan/children/shelved_ends', arguments => ['census'],
        environment => { %environment, KEEL_STACKS => 1 });
    is($census->{status}, 0, "with the census nobody is shelved, on $workers");
    my ($bytes, $tasks) = own_lines($census) =~ /^keel:   (\d+) of \d+ bytes: (.*), $spawned$/m;
    cmp_ok($bytes // 0, '>', $pattern, '  it tells how deep the stacks are');
    cmp_ok($bytes // 0, '<', $pattern + 8192, '  and no more');
}

done_testing();
