#!/usr/bin/perl
# Every structure that abi/ and the machine define is held against the kernel's in layout.c.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(contents);
use Test::More;

my $root = "$FindBin::Bin/../..";

my $test = contents("$FindBin::Bin/layout.c");
my @headers = (glob("$root/abi/*.h"), glob("$root/arch/*/machine/*.h"));
for my $header (@headers) {
    for my $name (contents($header) =~ /^struct (abi_\w+) \{/mg) {
        like($test, qr/BEGIN\(struct \Q$name\E,/, $name);
    }
}
done_testing();
