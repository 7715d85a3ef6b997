#!/usr/bin/perl
# A program compiled with the stack protector: a smashed stack is a panic, and the canary a secret.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $child = run_child('boot/children/stack_smash');
is($child->{status}, 2, 'status of a panic');
is($child->{signal}, 0, 'no signal');
like($child->{errors},
    qr/\Akeel: panic: stack smashing detected: .* \(no task, at 0x[0-9a-f]+\)\n\z/,
    'one line that says so');
is($child->{output}, '', 'nothing else');

my %seen = map { run_child('boot/children/canary')->{output} => 1 } 1 .. 4;
is(scalar keys %seen, 4, 'another canary in each process');

done_testing();
