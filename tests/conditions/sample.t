#!/usr/bin/perl
# A few tests in each condition that containers and sandboxes impose (`make conditions`: all of them).
# time limit: 180 s
use strict;
use warnings;
use FindBin;
use Test::More;

plan skip_all => 'the conditions are those of a native program' if $ENV{KEEL_EMULATOR};
my $folder = $ENV{KEEL_TESTS} or die "KEEL_TESTS names the folder of built tests\n";
my @conditions = qw(pid-1 refused-EPERM refused-ENOSYS half-a-cpu read-only-proc no-proc some-closed all-closed);
open my $pipe, '-|', "$FindBin::Bin/../../tools/conditions", '--quick', (map { ('--only', $_) } @conditions), $folder
    or die "tools/conditions: $!\n";
my (%found, @others);
while (<$pipe>) {
    if (/^skipped: (\S+) \((.*)\)$/) {
        $found{$1} = { why => $2 };
    } elsif (/^([\w-]+): (\d+) passed, (\d+) failed/) {
        $found{$1} = { passed => $2, failed => $3 };
    } else {
        push @others, $_;
    }
}
close $pipe;
for my $name (@conditions) {
    my $found = $found{$name};
SKIP: {
        skip "$name: $found->{why}", 1 if $found && $found->{why};
        ok($found && $found->{passed} > 0 && $found->{failed} == 0, $name)
            or diag(@others);
    }
}
done_testing();
