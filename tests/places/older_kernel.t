#!/usr/bin/perl
# A kernel that has no guards without a mapping, really: Debian's 6.1 in qemu-system-x86_64 (no KVM is needed),
# with tests/places/children/older_kernel as its /init. As many tasks wait as vm.max_map_count lets; more begin
# when others end, and nobody's stack is harmed; the sysctl that the error names is the one that helps; an
# overflow among 60,000 stacks is told as one; and when all wait for ever the error says why, and ends process 1.
# time limit: 200 s
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../lang", "$FindBin::Bin/..";
use ExamplePrograms qw(source_folder library_folder compiler slurp);
use Machine;

plan skip_all => 'the machine is emulated already' if $ENV{KEEL_EMULATOR};
plan skip_all => 'a release build made by gcc stands for all'
    if compiler() ne 'gcc' || library_folder() =~ m{/debug$};
if (my $reason = Machine::missing()) {
    plan skip_all => $reason;
}

my $work = tempdir(CLEANUP => 1);
my ($tests, $source) = ($ENV{KEEL_TESTS}, source_folder());
system("$source/tools/initramfs", "$tests/places/children/older_kernel", "$work/initramfs") == 0
    or BAIL_OUT('no initramfs');
my %machine = map { $_ => Machine::boot($work, "$work/initramfs", $_, 768) } qw(limit stuck);

my $said = Machine::wait_for($work, 'limit', $machine{limit});
is(() = $said =~ /^not ok /mg, 0, 'at the limit: nothing is wrong') or diag $said;
my @lines = (
    'the kernel has no guards without a mapping', 'so many have a stack as mappings allow', 'with a guard',
    'all end, and no stack was touched', 'then there is memory in any case', 'the limit is raised',
    'then there are 60,000 tasks', 'and all wait', 'with a guard, too',
);
like($said, qr/^ok \d+ - \Q$_\E$/m, $_) or diag $said for @lines;
note $_ for $said =~ /^# (.*)$/mg;
like($said, qr/^keel: SIGSEGV in task \d+: stack overflow: 0x\w+ lies in the guard below its stack/m,
    'an overflow among so many is told as one')
    or diag $said;

$said = Machine::wait_for($work, 'stuck', $machine{stuck});
like($said, qr{^keel: no memory for a task stack: tasks wait for one, and all others wait; task stacks mapped: 32\d\d\d; the limit may be /proc/sys/vm/max_map_count$}m,
    'stuck: the error names the count and the sysctl')
    or diag $said;
like($said, qr/^keel:   task \d+ and \d+ others: receiving from a channel/m, 'and the tasks') or diag $said;
like($said, qr/Attempted to kill init! exitcode=0x0*200$/m, 'and ends process 1 with status 2') or diag $said;
done_testing();
