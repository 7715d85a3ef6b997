#!/usr/bin/perl
# A machine whose only program is ours: examples/init as the /init of an initramfs of one file, on
# Debian's own kernel in qemu-system-x86_64 (no KVM is needed). What it prints, and how it ends: power
# off, or a fault, a stack overflow and a panic of process 1, reported by name though there is no /proc,
# which the kernel must see as its death.
# time limit: 300 s
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/../lang", "$FindBin::Bin/..";
use Commands qw(succeeds_silently);
use ExamplePrograms qw(source_folder library_folder compiler slurp);
use Machine;

plan skip_all => 'the machine is emulated already'       if $ENV{KEEL_EMULATOR};
plan skip_all => 'a release build made by gcc stands for all'
    if compiler() ne 'gcc' || library_folder() =~ m{/debug$};
my $source = source_folder();
chomp(my $nolibc = `'$source/tools/from-package' --path nolibc` // '');
plan skip_all => 'the nolibc headers are not there: tools/from-package nolibc' if $nolibc eq '';
if (my $reason = Machine::missing()) {
    plan skip_all => $reason;
}

my $work = tempdir(CLEANUP => 1);

# A byte more makes the program's size odd: so what follows it must have been padded.
sub build {
    my $line = compiler() . " -O2 -g -Wall -Wextra -ffreestanding -nostdlib -static -isystem '$nolibc'"
        . " -I'$source/include'"
        . " -Wl,-T,'$source/linker.ld' '$source/examples/init/init.c' -o '$work/init'"
        . " -L'" . library_folder() . "' -lkeel && printf x >>'$work/init'"
        . " && '$source/tools/initramfs' '$work/init' '$work/initramfs'"
        . " && '$source/tools/initramfs' '$work/init' '$work/again'";
    succeeds_silently($line, 'the initramfs is made') or return 0;
    ok(slurp("$work/initramfs") eq slurp("$work/again"), 'and made again it is the same');
    return 1;
}

my $dead = 'Kernel panic - not syncing: Attempted to kill init! exitcode=';

sub check_run {
    my ($said) = @_;
    my @lines = (
        'init is process 1', 'workers at most: 2', 'tasks that slept and sent: 1000',
        'the sleep was long enough: 1', 'the child is another process: 1',
        q{the child's status: 7}, 'reboot: Power down',
    );
    like($said, qr/^\Q$_\E$/m, "run: $_") or diag $said for @lines;
    return;
}

sub check_death {
    my ($word, $said, $report, $function, $status) = @_;
    like($said, qr/^$report/m, "$word: reported") or diag $said;
    like($said, qr{^keel:   at 0x\w+ $function\S*\+0x\w+ \(\S*init\.c:\d+\)$}m, "$word: by name, without /proc")
        or diag $said;
    like($said, qr/^\Q$dead\E0x0*$status$/m, "$word: process 1 dies of it, as the kernel sees") or diag $said;
    return;
}

my %check = (
    run   => \&check_run,
    fault => sub {
        check_death('fault', $_[0],
            qr/keel: SIGSEGV in task \d+ "faulty": invalid address 0x0 \(null page\)/, 'fault', 'b');
    },
    overflow => sub {
        check_death('overflow', $_[0],
            qr/keel: SIGSEGV in task \d+ "deep": stack overflow: 0x\w+ lies in the guard/, 'fill_stack', 'b');
    },
    panic => sub {
        check_death('panic', $_[0],
            qr/keel: panic: this is how a panic looks \(task \d+ "careless"/, 'panic', '200');
    },
);

if (build()) {
    for my $pair ([qw(run fault)], [qw(overflow panic)]) {
        my %machine = map { $_ => Machine::boot($work, "$work/initramfs", $_, 256) } @$pair;
        $check{$_}->(Machine::wait_for($work, $_, $machine{$_})) for @$pair;
    }
}
done_testing();
