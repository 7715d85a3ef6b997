#!/usr/bin/perl
# The end of a process in which a task exits and another faults; and one whose exit function faults.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use POSIX 'SIGSEGV';
use Test::More;

my $main_status = 3;
my $rounds = $ENV{KEEL_EMULATOR} ? 3 : 20;

sub run_way {
    my ($name, $workers) = @_;
    return run_child('sched/children/exit_corners', arguments => [$name],
        environment => { KEEL_WORKERS => $workers });
}

# Who comes first, the exit or the fault, decides; if it is the fault, it has its say to the end.
sub ends_in_one_way {
    my ($workers) = @_;
    my $child = run_way('while-another-faults', $workers);
    return $child->{status} == $main_status if $child->{signal} == 0;
    return $child->{signal} == SIGSEGV && $child->{errors} =~ /^keel: .*SIGSEGV/m;
}

for my $workers (1, 2, 8) {
    is(scalar(grep { ends_in_one_way($workers) } 1 .. $rounds), $rounds,
        "while-another-faults on $workers: one of the two, $rounds times");
    my $child = run_way('fault-at-exit', $workers);
    is($child->{signal}, SIGSEGV, "fault-at-exit on $workers: the fault ends it");
    is($child->{output}, "first\n", '  the functions before it have run');
}

done_testing();
