#!/usr/bin/perl
# The program as process 1 of a namespace of its own, as in a container without an init: the kernel
# ignores the signals that such a process sends itself, and it must end all the same, with a status
# that tells why. (An emulator cannot die by a signal there, so it is left by a status.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child);
use Test::More;

# --kill-child: nothing is left behind when a child that hangs is killed.
my @namespace = grep { system("$_ true >/dev/null 2>&1") == 0 }
    ('unshare --pid --fork --kill-child', 'unshare --user --map-root-user --pid --fork --kill-child');
plan skip_all => 'no process namespace can be made here (unshare)' if !@namespace;

my $emulated = $ENV{KEEL_EMULATOR};
my %number   = (SIGILL => 4, SIGBUS => 7, SIGFPE => 8, SIGSEGV => 11);

my @ways = (
    [ fault  => 'read-null',           'SIGSEGV' ],
    [ fault  => 'read-null-in-task',   'SIGSEGV' ],
    [ fault  => 'divide',              'SIGFPE' ],
    [ fault  => 'illegal-in-task',     'SIGILL' ],
    [ fault  => 'past-the-end',        'SIGBUS' ],
    [ fault  => 'all-at-once',         'SIGSEGV' ],
    [ fault  => 'send-itself',         128 + 11, 'sent by process 1' ],
    [ fault  => 'send-thread-in-task', 128 + 7,  'sent by process 1' ],
    [ places => 'bad-name',            'SIGSEGV', 'inside this report' ],
    [ places => 'panic-in-task',       2, 'panic: the program gives up' ],
    [ deadlock => 'thousand-tasks',    2, 'deadlock: all tasks are asleep' ],
    [ deadlock => 'sleeper',           0 ],
);

for my $way (@ways) {
    my ($program, $argument, $ends, $words) = @$way;
    for my $workers (1, 2) {
        my $child = run_child(
            "crash/children/$program",
            through      => [ split ' ', $namespace[0] ],
            arguments    => [$argument],
            environment  => { KEEL_WORKERS => $workers },
            sends_signal => scalar($argument =~ /^send/),
        );
        my $signal = $number{$ends};
        like($child->{errors}, defined $words ? qr/^keel: .*\Q$words\E/ : $signal ? qr/^keel: $ends in task/ : qr/\A\z/,
            "$program $argument as process 1, on $workers");
        my $got = $child->{signal} ? "signal $child->{signal}" : "status $child->{status}";
        my $wanted = !$signal ? "status $ends" : $emulated ? 'status ' . (128 + $signal) : "signal $signal";
        is($got, $wanted, "  $wanted");
    }
}
done_testing();
