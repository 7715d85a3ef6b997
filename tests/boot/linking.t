#!/usr/bin/perl
# Every way of linking: one program with all that a linker can get wrong (linking/everything.c, other.c),
# static and static PIE, with our scripts and the linkers' own, by GNU ld and lld, through the compiler and
# by the linker alone, with options that change what the image must do for itself. A line a combination.
# time limit: 300 s
use strict;
use warnings;
use File::Basename 'dirname';
use File::Temp 'tempdir';
use FindBin;
use POSIX ();
use Test::More;
use lib "$FindBin::Bin/..";
use Commands qw(is_installed shell);

my $folder   = dirname($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set: the folder of the built tests\n");
my $root     = "$FindBin::Bin/../..";
my $source   = "$FindBin::Bin/linking";
my $compiler = $folder =~ /clang/ ? 'clang' : 'gcc';
our @emulator = split ' ', $ENV{KEEL_EMULATOR} // '';
my $work     = tempdir(CLEANUP => 1);
delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
plan skip_all => 'readelf is not installed' if !is_installed('readelf');

my %linker = (bfd => [ 'GNU ld', 'ld.bfd' ], lld => [ 'lld', 'ld.lld' ]);
my $wanted = "done\nexit function\ndestructor\ndestructor 300\ndestructor 101\n";

# ---- objects, each once

my %compiled;

sub objects { # FLAGS, SOURCE...
    my ($flags, @names) = @_;
    my @objects;
    for my $name (@names) {
        my $key = "$name$flags" =~ s/\W+/_/gr;
        my $object = "$work/$key.o";
        $compiled{$key} //= do {
            my ($status, $said) = shell("$compiler -O2 -g -std=gnu11 -ffreestanding $flags "
                    . "-I$root/include -c -o $object $source/$name.c");
            diag($said) if $status != 0;
            1;
        };
        push @objects, $object;
    }
    return join ' ', @objects;
}

# ---- images

# by => 'bfd' or 'lld', pie => 0 or 1, script => 0 or 1, alone => 0 or 1; options: the linker's
sub link_image {
    my ($image, $objects, %way) = @_;
    my $script = $way{script} ? "-T $root/linker" . ($way{pie} ? '-pie' : '') . '.ld' : '';
    my @options = ($script, $way{options} // ());
    my $command;
    if ($way{alone}) {
        $command = join ' ', $linker{ $way{by} }[1],
            ($way{pie} ? '-static -pie --no-dynamic-linker -z text' : '-static'), @options;
    } else {
        $command = join ' ', $compiler, '-nostdlib', "-fuse-ld=$way{by}",
            ($way{pie} ? '-static-pie' : '-static'),
            ($objects =~ /flto/ ? '-O2 -flto' : ()), map { '-Wl,' . s/ /,/gr } grep { length } @options;
    }
    my ($status, $said) = shell("$command -o $image $objects -L$folder -lcsruntime");
    return $status == 0 ? undef : "$command\n$said";
}

# What is wrong with the image itself: undef when nothing is.
sub image_fault {
    my ($image, $pie) = @_;
    my @lines = `readelf -lW $image`;
    my @loads = map { /^\s+LOAD\s+\S+\s+0x(\w+)\s+\S+\s+\S+\s+0x(\w+)\s+(.{3})/ ? [ hex $1, hex $2, $3 ] : () } @lines;
    return 'no segments' if !@loads;
    for my $load (@loads) {
        return 'a segment is writable and executable' if $load->[2] =~ /W/ && $load->[2] =~ /E/;
        return sprintf 'a segment at address %#x', $load->[0] if !$pie && $load->[0] < 0x10000;
    }
    return 'the stack is executable' if grep { /GNU_STACK.*E\s/ } @lines;
    my $names = join '', @lines;
    return 'an interpreter is named'     if $names =~ /INTERP/;
    return 'no protected relocations'    if $pie  && $names !~ /GNU_RELRO/;
    return 'a dynamic section'           if !$pie && $names =~ /DYNAMIC/;
    return;
}

# Status (or minus the signal), output, errors.
sub run_image {
    my ($image, @arguments) = @_;
    my $child = fork() // die "fork: $!\n";
    if ($child == 0) {
        open STDIN,  '<', '/dev/null'    or POSIX::_exit(127);
        open STDOUT, '>', "$work/output" or POSIX::_exit(127);
        open STDERR, '>', "$work/errors" or POSIX::_exit(127);
        alarm 20;
        %ENV = (PATH => $ENV{PATH}, LINKING => 'yes');
        exec 'sh', '-c', 'ulimit -c 0; exec "$0" "$@"', @emulator, $image, @arguments
            or POSIX::_exit(127);
    }
    waitpid $child, 0;
    my $status = $? & 127 ? -($? & 127) : $? >> 8;
    return ($status, slurp('output'), slurp('errors'));
}

sub slurp {
    my ($name) = @_;
    open my $file, '<', "$work/$name" or die "$work/$name: $!\n";
    local $/;
    return <$file> // '';
}

# ---- the checks

sub check_everything {
    my ($name, $flags, %way) = @_;
    my $fault = link_image("$work/image", objects($flags, 'everything', 'other'), %way)
        // image_fault("$work/image", $way{pie});
    if (!defined $fault) {
        my ($status, $output, $errors) = run_image("$work/image", 'x');
        $fault = "status $status\n$output$errors" if $status != 7 || $output ne $wanted || $errors ne '';
    }
    ok(!defined $fault, $name) || diag $fault;
    return;
}

# What was relocated is protected (and with linker.ld constant all the same).
sub check_protection {
    my ($name, %way) = @_;
    my $fault = link_image("$work/image", objects('-fPIE', 'fault'), %way);
    if (!defined $fault) {
        my ($status, $output, $errors) = run_image("$work/image");
        $fault = "status $status\n$errors"
            if $status != -11 || $errors !~ /\Akeel: SIGSEGV in task 1 "writer": /;
    }
    ok(!defined $fault, "$name: constant pointers are protected, and a report says so") || diag $fault;
    return;
}

# The guards of the first stacks, which lie in the image.
sub check_overflow {
    my ($name, %way) = @_;
    for my $data ('', ' -DWITH_DATA') {
        my $fault = link_image("$work/image", objects("-fPIE$data", 'overflow'), %way);
        for my $others (0, 1, 2, 3, 5) {
            last if defined $fault;
            my ($status, $output, $errors) = run_image("$work/image", ('x') x $others);
            $fault = "with $others others: status $status\n$errors"
                if $status != -11 || $errors !~ /\Akeel: SIGSEGV in task \d+ "deep": stack overflow: /;
        }
        ok(!defined $fault, "$name: a stack overflow is found" . ($data && ', with initialised data'))
            || diag $fault;
    }
    return;
}

sub check_combination {
    my ($name, %way) = @_;
    check_everything("$name", '-fPIE', %way);
    check_everything("$name, by the linker alone", '-fPIE', %way, alone => 1);
    check_everything("$name, position-independent code for a library", '-fPIC', %way);
    check_everything("$name, $_", '-fPIE', %way, options => $_)
        for '--no-relax', '-z separate-code', '-z noseparate-code', '--build-id';
    # lld drops a list of the program's own that only its two ends are named of, unless it is told not to.
    check_everything("$name, --gc-sections", '-fPIE', %way,
        options => '--gc-sections' . ($way{by} eq 'lld' ? ' -z nostart-stop-gc' : ''));
    check_everything("$name, library code and --no-relax", '-fPIC', %way, options => '--no-relax');
    check_everything("$name, -O0", '-fPIE -O0', %way);
    check_everything("$name, stack protector", '-fPIE -fstack-protector-all', %way);
    check_everything("$name, code that is not position-independent", '-fno-pic -fno-pie', %way)
        if !$way{pie};
    check_link_time_optimised($name, %way);
    check_packed($name, %way) if $way{pie};
    check_overflow($name, %way);
    check_protection($name, %way) if $way{pie} || $way{script};
    return;
}

# gcc's intermediate code is read by GNU ld's plugin alone, clang's by lld, and by GNU ld where LLVM's
# plugin is installed.
sub check_link_time_optimised {
    my ($name, %way) = @_;
    my ($plugin) = $compiler eq 'clang' ? glob('/usr/lib/llvm*/lib/LLVMgold.so') : ('its own');
SKIP: {
        skip "$name: lld cannot read gcc's intermediate code", 1
            if $compiler eq 'gcc' && $way{by} eq 'lld';
        skip "$name: LLVMgold.so is not installed", 1 if $way{by} eq 'bfd' && !$plugin;
        check_everything("$name, optimised at link time",
            '-fPIE -flto' . ($compiler eq 'clang' ? ' -DWITHOUT_INDIRECT_FUNCTIONS' : ''), %way);
    }
    return;
}

# A refusal of the protection takes nothing else.
sub check_refused_protection {
    my ($by) = @_;
SKIP: {
        skip 'mprotect cannot be refused under an emulator', 1 if @emulator;
        skip 'strace is not installed',                      1 if !is_installed('strace');
        my $fault = link_image("$work/image", objects('-fPIE', 'everything', 'other'), by => $by, pie => 1);
        local @emulator = ('strace', '-qq', '-o', "$work/trace", '-e', 'trace=mprotect', '-e',
            'inject=mprotect:error=EPERM:when=1');
        my ($status, $output) = defined $fault ? ('not linked', $fault) : run_image("$work/image", 'x');
        is("$status\n$output", "7\n$wanted", "$linker{$by}[0]: a refused mprotect is survived");
        like(slurp('trace'), qr/PROT_READ\) = -1 EPERM/, '  and was asked for');
    }
    return;
}

# RELR: a small table in place of RELATIVE relocations.
sub check_packed {
    my ($name, %way) = @_;
    my $option = $way{by} eq 'lld' ? '--pack-dyn-relocs=relr' : '-z pack-relative-relocs';
SKIP: {
        skip "$name: its linker knows no RELR", 1
            if $way{by} eq 'bfd' && `ld.bfd --help` !~ /pack-relative-relocs/;
        check_everything("$name, packed relocations", '-fPIE', %way, options => $option);
        like(`readelf -dW $work/image`, qr/\(RELR\)/, "$name: and there are such");
    }
    return;
}

# A script for the other kind of image is refused, not misused.
sub check_wrong_script {
    my ($by) = @_;
    for my $pie (0, 1) {
        my $script  = $pie ? 'linker.ld' : 'linker-pie.ld';
        my $objects = objects('-fPIE', 'everything', 'other');
        my $fault   = link_image("$work/image", $objects, by => $by, pie => $pie,
            options => "-T $root/$script");
        like($fault // 'linked', qr/\Q$script\E is for .*link .* with linker/,
            "$linker{$by}[0]: $script for the wrong kind of image");
    }
    return;
}

for my $by ('bfd', 'lld') {
SKIP: {
        skip "$linker{$by}[0] is not installed", 1 if !is_installed($linker{$by}[1]);
        for my $pie (0, 1) {
            for my $script (0, 1) {
                my $name = join ', ', $linker{$by}[0], $pie ? 'static PIE' : 'static',
                    $script ? 'our script' : 'its own script';
                check_combination($name, by => $by, pie => $pie, script => $script);
            }
        }
        check_refused_protection($by);
        check_wrong_script($by);
    }
}
done_testing();
