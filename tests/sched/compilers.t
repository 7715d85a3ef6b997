#!/usr/bin/perl
# What is alive across a wait is kept, whichever compiler made the program and however much it optimises:
# compilers/registers.c by gcc and clang at every level and optimised at link time, linked as users do, on
# one worker and on two; and compilers/switch.c, which calls the switch itself, with no code of ours between.
# time limit: 180 s
use strict;
use warnings;
use File::Basename 'dirname';
use File::Temp 'tempdir';
use FindBin;
use Test::More;

my $folder   = dirname($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set: the folder of the built tests\n");
my $root     = "$FindBin::Bin/../..";
my $emulator = $ENV{KEEL_EMULATOR} // '';
my $work     = tempdir(CLEANUP => 1);
delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};

my @ways = (
    '-O0', '-O1', '-O2', '-O3', '-Os', '-O2 -flto', '-O3 -flto -fno-omit-frame-pointer',
    '-O2 -fstack-protector-all', '-O3 -fPIE -fcf-protection=full', '-Os -march=x86-64-v2',
);

sub installed {
    my ($command) = @_;
    return grep { -x "$_/$command" } split /:/, $ENV{PATH};
}

# The linker that reads the compiler's own intermediate code.
my %linker = (gcc => 'bfd', clang => 'lld');

for my $compiler (qw(gcc clang)) {
SKIP: {
        skip "$compiler is not installed", 1 if !installed($compiler);
        for my $way (@ways) {
        SKIP: {
                skip "$compiler $way: $linker{$compiler} is not installed", 1
                    if $way =~ /flto/ && !installed($linker{$compiler} eq 'lld' ? 'ld.lld' : 'ld.bfd');
                check_way($compiler, $way);
            }
        }
    }
}

done_testing();

sub check_way {
    my ($compiler, $way) = @_;
    my $by = $way =~ /flto/ ? "-fuse-ld=$linker{$compiler}" : '';
    for my $program (qw(registers switch)) {
        my $line = "$compiler $way -std=gnu11 -ffreestanding -nostdlib -static $by -I$root/include "
            . "-o $work/image $FindBin::Bin/compilers/$program.c -L$folder -lcsruntime";
        my $said = `($line) 2>&1`;
        if ($? != 0) {
            fail("$compiler $way: $program links");
            diag("$line\n$said");
            next;
        }
        for my $workers ($program eq 'switch' ? 1 : (1, 2)) {
            $said = `KEEL_WORKERS=$workers timeout -s KILL 60 $emulator $work/image 2>&1`;
            is($said, "kept\n", "$compiler $way: $program on $workers");
        }
    }
    return;
}
