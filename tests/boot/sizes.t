#!/usr/bin/perl
# No image is larger than tests/sizes says: each program that is named there, stripped, by GNU ld and lld,
# static and static PIE, with our scripts. And none has initialised data in a static image: a page of it
# that is written costs a start 2 us. A line a bound. SHOW_SIZES=1 shows what each is now.
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
my $compiler = $folder =~ /clang/ ? 'clang' : 'gcc';
my $work     = tempdir(CLEANUP => 1);
plan skip_all => 'sizes are of release builds'       if $folder =~ m{/debug$};
plan skip_all => 'sizes do not depend on the machine' if $ENV{KEEL_EMULATOR};

# Bytes, or what the tools said.
sub size_of_image {
    my ($program, $linker, $kind) = @_;
    my $pie    = $kind eq 'pie';
    my $by     = $linker eq 'ld' ? 'bfd' : $linker;
    my $script = $pie ? 'linker-pie.ld' : 'linker.ld';
    my $image  = ($pie ? '-static-pie' : '-static') . ' -fPIE';
    my $line   = "$compiler -O2 -ffreestanding -fno-builtin -nostdlib $image -fuse-ld=$by -I$root/include "
        . "-Wl,-T,$root/$script -Wl,--build-id=none -Wl,-s -o $work/image $root/$program "
        . "-L$folder -lcsruntime";
    my $said = `($line) 2>&1`;
    return $? == 0 ? -s "$work/image" : "$line\n$said";
}

open my $file, '<', "$root/tests/sizes" or die "$root/tests/sizes: $!\n";
my @bounds = map { /^(\S+)\s+(ld|lld)\s+(static|pie)\s+(\d+)$/ ? [ $1, $2, $3, $4 ] : () } <$file>;
cmp_ok(scalar @bounds, '>=', 20, 'there are bounds');
for my $bound (@bounds) {
    my ($program, $linker, $kind, $most) = @$bound;
SKIP: {
        skip "$linker is not installed", 1 if !is_installed($linker eq 'ld' ? 'ld.bfd' : 'ld.lld');
        my $size = size_of_image($program, $linker, $kind);
        ok($size =~ /^\d+$/ && $size <= $most, "$program, $linker, $kind: at most $most bytes")
            || diag $size;
        diag "$program $linker $kind $size" if $ENV{SHOW_SIZES};
        next if $kind eq 'pie' || !is_installed('readelf');
        my @data = grep { /\s\.(?:data|got|got\.plt)\s+PROGBITS\s+(?:\w+\s+){2}0*[1-9a-f]/ }
            `readelf -SW $work/image`;
        is_deeply(\@data, [], '  without initialised data');
    }
}
done_testing();
