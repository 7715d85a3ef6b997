#!/usr/bin/perl
# The end of the process: its status, exit functions and destructors.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

for my $way ('return', 'exit') {
    for my $status (0, 1, 42, 255, 256, 300) {
        my $child = run_child('boot/children/status', arguments => [ $way, $status ]);
        is($child->{status}, $status & 0xff, "$way $status");
        is($child->{signal}, 0, '  by itself');
    }
}

sub exit_functions {
    my ($mode, $status, @lines) = @_;
    my $child = run_child('boot/children/exit_functions', arguments => [$mode]);
    is($child->{output}, join('', map { "$_\n" } @lines), "$mode: who ran, in which order");
    is($child->{status}, $status, "$mode: status");
}

exit_functions('order', 5, 'second', 'first', 'destructor');
exit_functions('late', 5, 'second', 'registers another', 'third', 'first', 'destructor');
exit_functions('again', 7, 'second', 'exits again', 'first', 'destructor');
exit_functions('many', 5, 'second', 200, 'first', 'destructor');
exit_functions('destructor', 5, 'second', 'first', 'registers another', 'destructor', 'first');
exit_functions('exit', 7, 'second', 'first', 'exits again', 'destructor');
exit_functions('begin', 7, 'first', 'destructor');

done_testing();
