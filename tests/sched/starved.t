#!/usr/bin/perl
# Tasks that find no stack: they begin as soon as memory is to be had, whoever holds it, and where none is
# the program ends and says so; meanwhile others pay next to nothing. And what lies deep in stacks goes
# back, while others come, and while other workers are free to be woken.
# time limit: 180 s
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use File::Temp 'tempdir';
use Test::More;

plan skip_all => 'an emulator does not pass on the limit of memory' if $ENV{KEEL_EMULATOR};
my ($MiB, $GiB) = (1024 * 1024, 1024 * 1024 * 1024);

sub run_way {
    my ($way, $workers, $size) = @_;
    return run_child('sched/children/starved', arguments => [$way], seconds => 60,
        environment => { KEEL_WORKERS => $workers, defined $size ? (KEEL_STACK_SIZE => $size) : () });
}

sub ends_well {
    my ($child, $what) = @_;
    ok($child->{status} == 0 && $child->{signal} == 0, $what)
        or diag("status $child->{status}, signal $child->{signal}: $child->{errors}");
}

my $no_memory = qr/^keel: no memory for a task stack: tasks wait for one/m;

for my $workers (1, 2, 8) {
    ends_well(run_way('follow', $workers), "room for one: each begins when the one before has ended, on $workers");
    ends_well(run_way('cached', $workers, $MiB), "what a worker kept for itself serves another size, on $workers");
    ends_well(run_way('meanwhile', $workers), "what came while others were trimmed is trimmed too, on $workers");
}
for my $workers (1, 2, 8) {
    ends_well(run_way('packed', $workers), "8,000 packed ones, room for some: all begin, on $workers");
    ends_well(run_way('packed-runner', $workers), "beside runners of the default size, on $workers");
    my $packed = run_way('packed-for-ever', $workers);
    is($packed->{status}, 2, "8,000 packed ones that keep their stacks, on $workers: an end, status 2");
    like($packed->{errors}, $no_memory, '  and a line');
}
ends_well(run_way('packed-spare', 1, $GiB), 'packed ones need no spare stack');
for my $workers (1, 2, 8) {
    ends_well(run_way('packed-after-default', $workers), "idle stacks are there for packed ones, on $workers");
}
ends_well(run_way('blocking-packed', 1, $GiB), 'a packed one comes back from a blocking call without a stack');
ends_well(run_way('blocking-later', 1, $GiB), 'another waits for one: while a timer is armed there is hope');
my $blocked = run_way('blocking-for-ever', 1, $GiB);
is($blocked->{status}, 2, 'and where none will ever be: an end, status 2');
like($blocked->{errors}, $no_memory, '  and a line');
ends_well(run_way('no-spare', 1, $GiB), 'a large default: another size needs no spare beside its stack');
ends_well(run_way('unsearching', 2, 256 * $MiB), 'who trims before it sleeps does not seem to look for work');

my $limited = run_way('at-the-limit', 1, $MiB);
SKIP: {
    skip 'there is no limit of mappings here, or too high', 2 if $limited->{signal} != 0;
    is($limited->{status}, 2, '40,000 of another size at the limit of mappings: an end, status 2');
    like($limited->{errors}, $no_memory, '  and a line');
}

SKIP: {
    skip 'strace cannot be used', 2 if system('strace -o /dev/null true >/dev/null 2>&1') != 0;
    my $log = tempdir(CLEANUP => 1) . '/calls';
    local $ENV{KEEL_EMULATOR} = "strace -f -qq -o $log -e trace=mmap";
    ends_well(run_way('seldom', 1), '4,000 turns beside one that can never begin');
    open my $file, '<', $log or die "$log: $!\n";
    my $refused = grep { /ENOMEM/ } <$file>;
    cmp_ok($refused, '<', 400, '  the kernel is hardly asked');
}

done_testing();
