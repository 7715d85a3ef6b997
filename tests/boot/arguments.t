#!/usr/bin/perl
# What main, keel_arguments and keel_environment hand to the program.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

sub run {
    my ($environment, @arguments) = @_;
    return run_child('boot/children/arguments', arguments => \@arguments,
        environment => $environment);
}

my $child = run({});
is($child->{status}, 1, 'no arguments but the name');
is($child->{output}, '', 'nothing printed');

$child = run({ GREETING => 'good morning' }, 'GREETING', '', 'a b', "\xc3\xa9");
is($child->{status}, 5, 'four arguments');
is( $child->{output},
    "argument GREETING\nargument \nargument a b\nargument \xc3\xa9\nvariable good morning\n",
    'each as it was given');

$child = run({ GREETINGS => 'x', GREETIN => 'y' }, 'GREETING');
like($child->{output}, qr/^variable \(none\)$/m, 'a variable that is not set');

$child = run({ GREETING => '' }, 'GREETING');
like($child->{output}, qr/^variable $/m, 'a variable that is empty');

$child = run({ GREETING => 'a=b' }, 'GREETING');
like($child->{output}, qr/^variable a=b$/m, 'a value with an equals sign');

my @many = ('x') x 2000;
is(run({}, @many)->{output} =~ tr/\n//, 2001, 'two thousand arguments');

done_testing();
