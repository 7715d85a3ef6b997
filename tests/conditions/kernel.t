#!/usr/bin/perl
# doc/kernel.md names every system call that the library makes, and no other; and tests that are there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use KernelTable qw(kernel_calls call_numbers source_calls);
use Test::More;

my $source = "$FindBin::Bin/../..";
my @rows   = kernel_calls();
my %row    = map { $_->{call} => $_ } @rows;
my %number = call_numbers();

cmp_ok(scalar @rows, '>', 20, 'the table can be read');
is_deeply([ map { $_->{call} } @rows ], [ sort keys %row ], 'one row a call, in alphabetical order');

my %files;
push @{ $files{ $_->[0] } }, $_->[1] for source_calls();
for my $call (sort keys %files) {
    ok($row{$call}, "$call has a row") or diag("used in @{ $files{$call} }");
}
for my $row (@rows) {
    my $call = $row->{call};
    ok($files{$call}, "$call is used");
    like($row->{kind}, qr/^(?:required|optional)$/, "$call is required or optional");
    like($row->{since}, qr/^\d+\.\d+(?:\.\d+)?$/, "  since a version of Linux");
    ok($row->{when} && $row->{refused}, '  when, and what a refusal means');
    my @tests = $row->{test} =~ /`([^`]+)`/g;
    ok(@tests && !(grep { !-e "$source/$_" && !-e "$source/tests/$_" } @tests), '  with a test that is there')
        or diag($row->{test});
    ok(!%number || $number{$call}, '  and a number') if $call ne 'read';
}
done_testing();
