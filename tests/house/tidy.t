#!/usr/bin/perl
# The tree keeps the rules of the house: tools/tidy finds nothing, in the text and in the objects that
# this configuration was built from.
# time limit: 180 s
use strict;
use warnings;
use File::Basename qw(dirname);
use FindBin;
use Test::More;

my $folder = dirname($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set\n");
plan skip_all => 'an emulator runs programs, not the compiler' if $ENV{KEEL_EMULATOR};
plan skip_all => 'the release builds are looked at'            if $folder !~ m{/release$};

my ($compiler) = $folder =~ m{-([^/]+)/release$};
my @said = qx('$FindBin::Bin/../../tools/tidy' --objects '$folder' --compiler '$compiler' 2>&1);
is($?, 0, 'tools/tidy finds nothing') or diag(@said);
like($said[-1] // '', qr/^tidy: 0 places in \d{3,} files$/, 'and has looked at all files');
done_testing();
