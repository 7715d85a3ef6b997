#!/usr/bin/perl
# A sample of the refusals (`make refuse` is the whole of them).
# time limit: 180 s
use strict;
use warnings;
use FindBin;
use Test::More;

plan skip_all => 'strace sees an emulator, not the program' if $ENV{KEEL_EMULATOR};
my $folder = $ENV{KEEL_TESTS} or die "KEEL_TESTS names the folder of built tests\n";
open my $pipe, '-|', "$FindBin::Bin/../../tools/refuse", '--sample', 150, $folder or die "tools/refuse: $!\n";
my @lines = <$pipe>;
close $pipe;
plan skip_all => $lines[-1] =~ s/^skipped: (.*)\n/$1/r if @lines && $lines[-1] =~ /^skipped: /;
my ($passed, $failed) = ($lines[-1] // '') =~ /^(\d+) passed, (\d+) failed$/;
is($failed, 0, 'no hang, no crash, no silent loss') or diag(grep { /^(?:BAD|  )/ } @lines);
is($passed, 150, 'all were tried');
cmp_ok((grep { /\d  (?:keel|uses): / } @lines), '>', 3, 'some end by an error that says why');
done_testing();
