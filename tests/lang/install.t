#!/usr/bin/perl
# What `make install` puts down is enough by itself: C programs by the flags of pkg-config, LLVM IR by
# every linker's plain command, both archives on one line in either order. And the images are as they
# should be: nothing undefined, no segment writable and executable, no executable stack, no symbol of
# a libc. Everything is built in a folder of this test's own.
# time limit: 300 s
use strict;
use warnings;
use File::Find qw(find);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib $FindBin::Bin, "$FindBin::Bin/..";
use Commands qw(is_installed shell);
use ExamplePrograms qw(source_folder library_folder compiler build_examples run_example expected slurp);

plan skip_all => 'programs run through the emulator in lang/examples' if $ENV{KEEL_EMULATOR};
plan skip_all => 'one install brings release and debug' if library_folder() =~ m{/debug$};

my $work   = tempdir(CLEANUP => 1);
my $prefix = "$work/prefix";
my $cc     = compiler();

# A make that is not part of the one that runs the tests.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX OUT BUILD)};

sub succeeds {
    my ($line, $what) = @_;
    my ($status, $said) = shell($line);
    return ok($status == 0, $what) || diag "$line\n$said";
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!\n";
    print $file $text;
    close $file or die "$path: $!\n";
    return;
}

sub installed_files {
    my ($root) = @_;
    my @files;
    find(sub { push @files, $File::Find::name =~ s/^\Q$root\E//r if -f }, $root);
    return [ sort @files ];
}

# ---- the image

sub check_image {
    my ($program, $name) = @_;
    # lld leaves the name of a dynamic section that there is not in the symbol table.
    is(`nm -u '$program' | grep -v ' _DYNAMIC\$'`, '', "$name: nothing is undefined");
    my @headers = split /\n/, `readelf -lW '$program'`;
    my @loaded  = map { /^\s+LOAD(?:\s+0x\w+){5}\s+(.{3})/ ? $1 : () } @headers;
    my ($stack) = map { /^\s+GNU_STACK(?:\s+0x\w+){5}\s+(.{3})/ ? $1 : () } @headers;
    ok(@loaded >= 2 && !(grep { /W/ && /E/ } @loaded),
        "$name: no segment is writable and executable");
    is($stack, 'RW ', "$name: the stack is not executable");
    return;
}

sub check_program {
    my ($file, $wanted, $name) = @_;
    is(run_example($file), $wanted, "$name: it runs");
    check_image($file, $name);
    return;
}

# ---- the parts

sub check_install {
    my $make = "make -C '" . source_folder() . "' -j2 install CC=$cc OUT='$work/build'";
    succeeds("$make PREFIX='$prefix'", 'make install, on nothing built') or return 0;
    succeeds("$make PREFIX=/usr DESTDIR='$work/root'", 'make install with DESTDIR') or return 0;
    is_deeply(installed_files("$work/root/usr"), installed_files($prefix), 'DESTDIR has the same files');
    like(slurp("$work/root/usr/lib/pkgconfig/keel.pc"), qr{^prefix=/usr$}m, 'and keel.pc without it');
    return 1;
}

# The programs that the README shows.
sub readme_program {
    my ($language) = @_;
    my ($text) = slurp(source_folder() . '/README.md') =~ /^```$language\n(.*?)^```$/ms;
    return $text // die "README.md shows no program in $language\n";
}

sub check_llvm_program {
SKIP: {
        skip 'clang is not installed', 1 if !is_installed('clang');
        my ($version) = `clang --version` =~ /version (\d+)/;
        my $pointers = $version < 15 ? '-mllvm -opaque-pointers' : '';
        write_file("$work/program.ll", readme_program('llvm'));
        succeeds("clang $pointers -nostdlib -static '$work/program.ll' -o '$work/program' -L'$prefix/lib' -lcsruntime",
            'the LLVM IR of the README: it links')
            && check_program("$work/program", "hello\n", 'the LLVM IR of the README');
    }
    return;
}

sub check_c_program {
    my ($flags, $name) = @_;
    my ($status, $said) = shell("$cc -Werror '$work/program.c' -o '$work/program' $flags");
    is("$status $said", '0 ', "$name: it compiles and links without a word") or return;
    check_program("$work/program", '', $name);
    return;
}

sub check_c_programs {
    write_file("$work/program.c", readme_program('c'));
    my $plain = "-ffreestanding -nostdlib -static -I'$prefix/include' -L'$prefix/lib'";
    check_c_program("$plain -lkeel",       'C with -lkeel');
    check_c_program("$plain -lkeel-debug", 'C with -lkeel-debug');
    check_c_program("$plain -lcsruntime",  'C with -lcsruntime');
    my ($status, $said) = shell("$cc '$work/program.c' -o '$work/program' " . $plain =~ s/-nostdlib//r . ' -lkeel');
    isnt($status, 0, 'without -nostdlib, beside a start of the libc, it does not link');
    like($said, qr/_start\b/, '  and the linker names what is there twice');
SKIP: {
        skip 'pkg-config is not installed', 1 if !is_installed('pkg-config');
        local $ENV{PKG_CONFIG_PATH} = "$prefix/lib/pkgconfig";
        for my $package (qw(keel csruntime)) {
            my ($status, $flags) = shell("pkg-config --static --cflags --libs $package");
            is($status, 0, "pkg-config knows $package") or next;
            chomp $flags;
            check_c_program($flags, "C by pkg-config, $package");
        }
    }
    return;
}

sub check_examples {
    my ($how, @options) = @_;
    local $ENV{CPPFLAGS} = "-I$prefix/include";
    for my $program (build_examples(@options, "$prefix/lib", "$work/" . $how =~ s/\W+/-/gr)) {
        my $name = "$program->{name}, $how";
    SKIP: {
            skip "$name: $program->{rest}", 1 if $program->{verdict} eq 'skipped';
            is($program->{verdict}, 'made', "$name: it builds") or diag($program->{rest}), next;
            check_program($program->{rest}, expected($program->{name}), $name);
        }
    }
    return;
}

sub check_linkers {
    my @document = qw(--only document);
    my @script   = ('--script', "$prefix/lib/keel/linker.ld");
    ok(-f "$prefix/lib/keel/linker-pie.ld", 'the script for static PIE is installed too');
    check_examples('clang', '--linker', 'clang');
    for my $linker (qw(clang gcc ld lld)) {
    SKIP: {
            my $command = $linker eq 'lld' ? 'ld.lld' : $linker;
            skip "$command is not installed", 1 if !is_installed($command);
            check_examples($linker, '--linker', $linker, @document) if $linker ne 'clang';
            check_examples("$linker and our script", '--linker', $linker, @document, @script);
        }
    }
    check_examples($_, '--libraries', $_, @document) for '-lkeel -lcsruntime', '-lcsruntime -lkeel';
    return;
}

sub global_symbols {
    my ($archive) = @_;
    return map { /^\w+ [TWDBRVCi] (\w+)$/ ? $1 : () } `nm -g --defined-only '$archive' 2>/dev/null`;
}

# Those that compilers call by themselves.
my $allowed = qr/^(?:mem(?:cpy|move|set|cmp)|bcmp|strlen|__stack_chk_fail)$/;

sub check_no_libc {
    my ($status, $libc) = shell("$cc -print-file-name=libc.a");
    chomp $libc;
SKIP: {
        skip 'no static libc is installed to compare names with', 1 if $status != 0 || !-f $libc;
        my %of_libc = map { $_ => 1 } global_symbols($libc);
        for my $name (qw(libkeel libkeel-debug libcsruntime)) {
            my @ours = global_symbols("$prefix/lib/$name.a");
            cmp_ok(scalar @ours, '>', 20, "$name.a has symbols");
            my @shared = grep { $of_libc{$_} && !/$allowed/ } @ours;
            is("@shared", '', "$name.a defines no name of a libc");
        }
    }
    return;
}

if (check_install()) {
    check_c_programs();
    check_llvm_program();
    check_linkers();
    check_no_libc();
}
done_testing();
