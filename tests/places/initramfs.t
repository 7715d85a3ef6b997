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
use POSIX ();
use Test::More;
use lib "$FindBin::Bin/../lang", "$FindBin::Bin/..";
use Commands qw(is_installed succeeds_silently);
use ExamplePrograms qw(source_folder library_folder compiler slurp);

plan skip_all => 'the machine is emulated already'       if $ENV{KEEL_EMULATOR};
plan skip_all => 'a release build made by gcc stands for all'
    if compiler() ne 'gcc' || library_folder() =~ m{/debug$};
my $source = source_folder();
chomp(my $nolibc = `'$source/tools/from-package' --path nolibc` // '');
plan skip_all => 'the nolibc headers are not there: tools/from-package nolibc' if $nolibc eq '';
chomp(my $kernel = `'$source/tools/from-package' --path kernel` // '');
plan skip_all => 'no kernel is there: tools/from-package kernel' if $kernel eq '';
plan skip_all => 'qemu-system-x86_64 is not installed' if !is_installed('qemu-system-x86_64');

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

# Starts a machine whose serial line goes to a file; two at a time.
sub boot {
    my ($word) = @_;
    my $machine = fork() // die "fork: $!\n";
    return $machine if $machine != 0;
    open STDIN,  '<', '/dev/null' or POSIX::_exit(127);
    open STDOUT, '>', "$work/$word.qemu" or POSIX::_exit(127);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
    delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
    alarm 100;    # survives exec
    exec 'qemu-system-x86_64', qw(-nic none -display none -no-reboot -m 256 -smp 2),
        '-serial', "file:$work/$word", '-kernel', $kernel, '-initrd', "$work/initramfs",
        '-append', "console=ttyS0 quiet panic=-1 -- $word"
        or POSIX::_exit(127);
}

# What the serial line said, without the kernel's time stamps and carriage returns.
sub wait_for {
    my ($word, $machine) = @_;
    waitpid $machine, 0;
    is($?, 0, "$word: the machine ended by itself") or diag slurp("$work/$word.qemu");
    unlike(slurp("$work/$word"), qr/unpacking failed/, "$word: the kernel finds no fault in the archive");
    return slurp("$work/$word") =~ s/\r//gr =~ s/^\[ *\d+\.\d+\] //gmr;
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
        my %machine = map { $_ => boot($_) } @$pair;
        $check{$_}->(wait_for($_, $machine{$_})) for @$pair;
    }
}
done_testing();
