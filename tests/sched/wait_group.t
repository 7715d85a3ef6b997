#!/usr/bin/perl
# What a program says that uses a wait group wrongly, or waits for one for ever.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $hex = qr/0x[0-9a-f]+/;
my %words = (
    'below-zero'      => q{a wait group's count fell below zero},
    'far-below-zero'  => q{a wait group's count fell below zero},
    'too-large'       => q{a wait group's count is too large},
    'twice-too-large' => q{a wait group's count is too large},
    'added-at-zero'   => 'added to a wait group at zero for which tasks wait',
);

sub report_of {
    my ($way) = @_;
    my $child = run_child('sched/children/wait_group', arguments => [$way]);
    is($child->{status}, 2, "$way: status 2");
    return join '', grep { !/KEEL_(?:TESTS|EMULATOR) |^keel:     at / } split /(?<=\n)/, $child->{errors};
}

for my $way (sort keys %words) {
    my $function = $way =~ tr/-/_/r;
    like(report_of($way), qr/\Akeel: panic: \Q$words{$way}\E \(task 1 "main", at $hex\)\n.*$function/s,
        "  the panic says what, and where");
}

my $waits = qr/: waiting for a wait group $hex/;
like(report_of('nobody-is-done'),
    qr/\Akeel: deadlock: all tasks are asleep \(4\)\nkeel:   task 1 "main"$waits\nkeel:   task \d+ and 2 others$waits, spawned/,
    '  the deadlock says for what they wait');

done_testing();
