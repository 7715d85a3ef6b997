#!/usr/bin/perl
# Programs that use the kernel's nolibc headers beside the runtime: by examples/nolibc/keel_nolibc.h in
# any order of the command line, with each linker and each script; by nolibc.h alone as doc/nolibc.md
# says, where the wrong order must fail as it says.
# time limit: 120 s
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib $FindBin::Bin, "$FindBin::Bin/..";
use Commands qw(is_installed succeeds_silently);
use ExamplePrograms qw(source_folder library_folder compiler run_example slurp);

my $source  = source_folder();
my $library = library_folder();
my $work    = tempdir(CLEANUP => 1);
chomp(my $nolibc = `'$source/tools/from-package' --path nolibc` // '');
plan skip_all => 'the nolibc headers are not there: tools/from-package nolibc' if $nolibc eq '';

my %status    = (arguments => 23);
my @arguments = (23, 'two words');
my @linkers   = grep { is_installed($_->[1]) } [ bfd => 'ld.bfd' ], [ lld => 'ld.lld' ];

# Compiles to an object; true when that goes without a word.
sub compile {
    my ($file, $object, @options) = @_;
    my $line = join ' ', compiler(), "-O2 -Wall -Wextra -Wshadow -ffreestanding -isystem '$nolibc'",
        "-I'$source/include'", @options, "-c '$file' -o '$object'";
    return succeeds_silently($line, "$file compiles without a word");
}

# Links what is given, in this order, and returns the program; undef when it fails.
sub link_program {
    my ($linker, $what, $order) = @_;
    my $program = "$work/program";
    my $line = compiler() . " -fuse-ld=$linker -nostdlib -static $order -o '$program'";
    return succeeds_silently($line, "$what links") ? $program : undef;
}

sub run_program {
    my ($program, @given) = @_;
    return run_example($program, emulated => 1, arguments => \@given, environment => { WORD => 'set' });
}

# ---- by keel_nolibc.h: no order is wrong

sub check_example {
    my ($name, $object, $linker, $how, $order) = @_;
    my $what    = "$name, $linker, $how";
    my $program = link_program($linker, $what, $order) or return;
    my $wanted  = slurp("$source/examples/nolibc/$name.expected");
    $wanted .= 'wait status ' . ($status{$name} << 8) . "\n" if $status{$name};
    is(run_program($program, @arguments), $wanted, "$what: it prints what it should");
    my %kind = map { (split)[2, 1] } grep { /^\w+ \w / } `nm '$program'`;
    is_deeply([ grep { ($kind{$_} // 'T') !~ /^t$/i } qw(_start memcpy memmove memset) ],
        [], "$what: entry and memory functions are the runtime's");
    return;
}

sub check_examples {
    for my $file (sort glob "$source/examples/nolibc/*.c") {
        my ($name) = $file =~ m{(\w+)\.c$};
        my $object = "$work/$name.o";
        compile($file, $object) or next;
        for my $linker (map { $_->[0] } @linkers) {
            my $keel = "-L'$library' -lkeel";
            check_example($name, $object, $linker, 'program first',     "$object $keel");
            check_example($name, $object, $linker, 'archive first',     "$keel $object $keel");
            check_example($name, $object, $linker, "the runtime's script",
                "-Wl,-T,'$source/linker.ld' $object $keel");
        }
    }
    return;
}

# ---- by nolibc.h alone: what doc/nolibc.md says of the order

my $plain = <<'END';
#include "nolibc.h"
void *keel_alloc(size_t size);
int main(void)
{
    printf("main\n");
    char *block = keel_alloc(10);
    strcpy(block, "allocated\n");
    printf("%s", block);
    return 0;
}
END

sub check_order {
    my ($linker, $order, $what) = @_;
    my $program = link_program($linker, "nolibc.h alone, $linker, $what", $order) or return;
    is(run_program($program), "main\nallocated\n", '  and works');
    return;
}

sub check_orders {
    open my $file, '>', "$work/plain.c" or die "$work/plain.c: $!\n";
    print $file $plain;
    close $file or die "$work/plain.c: $!\n";
    compile("$work/plain.c", "$work/plain.o") or return;
    for my $linker (map { $_->[0] } @linkers) {
        my $keel = "-L'$library' -lkeel";
        check_order($linker, "$work/plain.o $keel",       'program first');
        check_order($linker, "$keel $work/plain.o $keel", 'archive first');
    }
    return;
}

check_examples();
check_orders();
done_testing();
