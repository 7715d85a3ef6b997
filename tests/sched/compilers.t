#!/usr/bin/perl
# What is alive across a wait is kept, whichever compiler made the program and however much it optimises:
# compilers/registers.c by gcc and clang at every level and optimised at link time, linked as users do, on
# one worker and on two; compilers/fork.c, with what keel/fork.h has inline, and compilers/fork.ll, the same in
# LLVM IR; and compilers/switch.c, which calls the switch itself, with no code of ours between.
# time limit: 240 s
use strict;
use warnings;
use File::Basename 'dirname';
use File::Temp 'tempdir';
use FindBin;
use Test::More;
use lib "$FindBin::Bin/..";
use Commands qw(is_installed);

my $folder   = dirname($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set: the folder of the built tests\n");
my $root     = "$FindBin::Bin/../..";
my $emulator = $ENV{KEEL_EMULATOR} // '';
my $work     = tempdir(CLEANUP => 1);
delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};

my @ways = (
    '-O0', '-O1', '-O2', '-O3', '-Os', '-O2 -flto', '-O3 -flto -fno-omit-frame-pointer',
    '-O2 -fstack-protector-all', '-O3 -fPIE -fcf-protection=full', '-Os -march=x86-64-v2',
);

# The linker that reads the compiler's own intermediate code.
my %linker = (gcc => 'bfd', clang => 'lld');

for my $compiler (qw(gcc clang)) {
SKIP: {
        skip "$compiler is not installed", 1 if !is_installed($compiler);
        for my $way (@ways) {
        SKIP: {
                skip "$compiler $way: $linker{$compiler} is not installed", 1
                    if $way =~ /flto/ && !is_installed($linker{$compiler} eq 'lld' ? 'ld.lld' : 'ld.bfd');
                check_way($compiler, $way);
            }
        }
    }
}

SKIP: {
    chomp(my $clang = `$root/tools/find-clang`);
    skip 'clang is not installed', 1 if !$clang;
    for my $way (qw(-O0 -O2 -O3)) {
        # As in tools/build-examples: opaque pointers have an option, or are the only ones.
        my @lines = map { "$clang $_ $way -Wno-override-module -nostdlib -static -o $work/image "
                . "$FindBin::Bin/compilers/fork.ll -L$folder -lcsruntime" } '', '-mllvm -opaque-pointers';
        if (!links(\@lines)) {
            fail("LLVM IR $way links");
            next;
        }
        check_runs("LLVM IR $way", 1, 2);
    }
}

done_testing();

# By the first of the command lines that works.
sub links {
    my ($lines) = @_;
    my $said = '';
    for my $line (@$lines) {
        $said .= "$line\n" . `($line) 2>&1`;
        return 1 if $? == 0;
    }
    diag($said);
    return 0;
}

sub check_runs {
    my ($what, @workers) = @_;
    for my $workers (@workers) {
        my $said = `KEEL_WORKERS=$workers timeout -s KILL 60 $emulator $work/image 2>&1`;
        is($said, "kept\n", "$what on $workers");
    }
    return;
}

sub check_way {
    my ($compiler, $way) = @_;
    my $by = $way =~ /flto/ ? "-fuse-ld=$linker{$compiler}" : '';
    for my $program (qw(registers switch fork)) {
        my $line = "$compiler $way -std=gnu11 -ffreestanding -nostdlib -static $by -I$root/include "
            . "-o $work/image $FindBin::Bin/compilers/$program.c -L$folder -lcsruntime";
        if (!links([$line])) {
            fail("$compiler $way: $program links");
            next;
        }
        check_runs("$compiler $way: $program", $program eq 'switch' ? 1 : (1, 2));
    }
    return;
}
