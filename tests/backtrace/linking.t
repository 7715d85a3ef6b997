#!/usr/bin/perl
# Traces of programs that were compiled and linked in many ways: by GNU ld and lld, with and without an
# index of the unwind table, with DWARF 2 to 5, stripped, and with what else a file may lack; and of one
# whose file is out of reach.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename 'dirname';
use File::Copy 'copy';
use File::Temp 'tempdir';
use Test::More;

my $tests    = abs_path($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set\n");
my $folder   = dirname($tests);
my $source   = abs_path(dirname(__FILE__) . '/../..');
my @emulator = split ' ', $ENV{KEEL_EMULATOR} // '';
delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
my $compiler = $folder =~ /clang/ ? 'clang' : 'gcc';
my $work = tempdir(CLEANUP => 1);
chdir $work or die "$work: $!";

sub there {
    my ($command) = @_;
    return system("command -v $command >/dev/null 2>&1") == 0;
}

sub write_file {
    my ($name, $text) = @_;
    open my $file, '>', $name or die "$name: $!";
    print $file $text;
    close $file;
}

# main calls `middle` of another file, that calls `through` in assembly, that calls back: `reached`.
mkdir 'parts';
write_file('main.c', <<'END');
#include "keel.h"
int middle(int depth);
static volatile int sink;
__attribute__((noinline)) void reached(void)
{
    keel_panic("reached");
}
int main(void)
{
    sink = middle(3);
    return sink;
}
END
write_file('parts/middle.c', <<'END');
void through(void);
void bare(void);
static volatile int sink;
int middle(int depth)
{
    volatile char room[100];
    room[0] = 1;
    bare();
    sink += room[0];
    return sink + depth;
}
END
write_file('assembly.S', <<'END');
    .text
    .globl bare
bare:
    .cfi_startproc
    subq $24, %rsp
    .cfi_adjust_cfa_offset 24
    call through
    addq $24, %rsp
    .cfi_adjust_cfa_offset -24
    ret
    .cfi_endproc
    .globl through
    .type through, @function
through:
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    call reached
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    ret
    .cfi_endproc
    .size through, . - through
    .section .note.GNU-stack, "", @progbits
END

my @calls = (
    [ reached => 'main.c:6' ],
    [ through => 'assembly.S:19' ],
    [ bare    => 'assembly.S:7' ],
    [ middle  => 'parts/middle.c:8' ],
    [ main    => 'main.c:10' ],
);

# clang leaves the unwind tables out of freestanding code, unless it is told.
sub build {
    my ($program, $compile, $link, @files) = @_;
    @files = qw(main.c parts/middle.c assembly.S) if !@files;
    my @objects;
    for my $file (@files) {
        my $object = $file =~ s/\W/_/gr . '.o';
        push @objects, $object;
        run("$compiler -O2 -ffreestanding -fasynchronous-unwind-tables -nostdlib -I$source/include $compile -c -o $object $file")
            or return 0;
    }
    return run("$compiler -nostdlib -static $link -o $program @objects -L$folder -lkeel");
}

sub run {
    my ($command) = @_;
    return 1 if system("$command >log 2>&1") == 0;
    diag("$command\n", `cat log`);
    return 0;
}

sub trace_of {
    my (@command) = @_;
    open my $pipe, '-|', "@command 2>&1" or die;
    my @lines = <$pipe>;
    close $pipe;
    return ($? >> 8, @lines);
}

# What the lines after the panic's own say: "name place", "name", or "address".
sub told {
    my (@lines) = @_;
    return map {
        /^keel:   at 0x[0-9a-f]+(?: (\w+)\+0x[0-9a-f]+)?(?: \((\S+)\))?$/
            ? join ' ', grep { defined } ($1 // 'address'), $2
            : $_
    } @lines;
}

sub shows {
    my ($what, $names, $lines, @command) = @_;
    my ($status, $panic, @lines) = trace_of(@command ? @command : (@emulator, './program'));
    like($panic // '', qr/^keel: panic: reached \(/, $what) or return;
    my @wanted =
        map { $names ? $lines ? "$_->[0] $_->[1]" : $_->[0] : $lines ? "address $_->[1]" : 'address' }
        @calls;
    is_deeply([ (told(@lines))[ 0 .. $#calls ] ], \@wanted, '  the trace') or diag(@lines);
    cmp_ok(scalar @lines, '>', $#calls + 1, '  goes on below main');
    is($status, 2, '  status 2');
}

# ---- compilers, linkers, formats

my @linkers = there('ld.lld') ? qw(bfd lld) : 'bfd';
SKIP: {
    skip 'lld is not installed', 1 if @linkers == 1;
    pass('lld too');
}

for my $linker (@linkers) {
    for my $index ('--eh-frame-hdr', '--no-eh-frame-hdr') {
        for my $script ('', "-T$source/linker.ld") {
            ok(build('program', '-g', "-fuse-ld=$linker -Wl,$index $script"),
                "$compiler, $linker, $index $script");
            shows('  runs', 1, 1);
        }
    }
}
for my $version (2 .. 5) {
    ok(build('program', "-gdwarf-$version", ''), "$compiler, DWARF $version");
    shows('  runs', 1, 1);
}
for my $flags ('-O0', '-O3', '-fno-omit-frame-pointer', '-fno-pie -no-pie', '-mcmodel=large') {
    ok(build('program', "-g $flags", ''), "$compiler $flags");
    shows('  runs', 1, 1);
}
ok(build('program', '-g -fno-asynchronous-unwind-tables -fno-omit-frame-pointer', ''),
    "$compiler, frame pointers alone");
shows('  runs', 1, 1);
build('program', '-g0', '');
shows('no line tables', 1, 0);
build('program', '-g -gz', '');
shows('compressed line tables', 1, 0) if `readelf -SW program` =~ / \.debug_line .* C /;

# ---- stripped

build('program', '-g', '-Wl,--eh-frame-hdr');
run('strip program');
shows('stripped: addresses alone', 0, 0);
build('program', '-g', '-Wl,--no-eh-frame-hdr');
run('strip program');
shows('stripped, without an index of unwind tables', 0, 0);
build('program', '-g', '');
run('objcopy --strip-all --keep-symbol=middle program program');
is((told((trace_of(@emulator, './program'))[ 2 .. 6 ]))[3], 'middle', 'one symbol alone');

# Without section headers the unwind table is found by its index alone.
build('program', '-g', '-Wl,--eh-frame-hdr');
patch_file('program', 0x28, pack('Q', 0));
shows('no section headers', 0, 0);

sub patch_file {
    my ($name, $offset, $bytes) = @_;
    open my $file, '+<:raw', $name or die "$name: $!";
    seek $file, $offset, 0;
    print $file $bytes;
    close $file;
}

# ---- names that are out of reach

# In a namespace of mounts of its own, /proc can be taken away. (An emulator needs it itself.)
SKIP: {
    my $without = "unshare -m sh -c 'umount -l /proc && exec \"\$@\"' sh";
    skip 'an emulator needs /proc itself', 12 if @emulator;
    skip 'no rights to take /proc away',   12 if system("$without true >/dev/null 2>&1") != 0;
    build('program', '-g', '-Wl,--eh-frame-hdr');
    shows('without /proc, by the path it was executed by', 1, 1, $without, './program');
    shows('without /proc, by an absolute path', 1, 1, $without, "$work/program");
    # It renames another file over its own, then panics.
    my $trace = "$tests/backtrace/children/trace";
    for my $other ('program', $trace, 'main.c', '/dev/null') {
        copy($trace, 'replaced') or die;
        copy($other, 'other')    or die;
        chmod 0755, 'replaced';
        my ($status, $panic, @lines) = trace_of($without, './replaced', 'replaced', 'other');
        my $wanted = $other eq $trace ? qr/^panics / : qr/^address$/;
        like((told(@lines))[0], $wanted, "without /proc, its file replaced by $other");
        is($status, 2, '  status 2');
    }
}

done_testing();
