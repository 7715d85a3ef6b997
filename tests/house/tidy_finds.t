#!/usr/bin/perl
# Each rule of tools/tidy is broken once in a scratch copy of the tree, and tools/tidy must find the
# place, with its line. A check that no row below breaks is a failure too.
# time limit: 180 s
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Temp     qw(tempdir);
use FindBin;
use Test::More;

plan skip_all => 'an emulator runs programs, not the compiler' if $ENV{KEEL_EMULATOR};
plan skip_all => 'one build is enough: nothing here depends on it'
    if ($ENV{KEEL_TESTS} // '') !~ m{-gcc/release/tests$};

my $source  = "$FindBin::Bin/../..";
my $tidy    = "$source/tools/tidy";
my $scratch = tempdir(CLEANUP => 1);
my $tree    = "$scratch/tree";
my $objects = "$scratch/objects";
make_path($tree, "$objects/sched", "$objects/base");
system("cd '$source' && find . -path ./build -prune -o -path ./.git -prune -o -type f -print0 | xargs -0 cp -a --parents -t '$tree'") == 0
    or die "the tree cannot be copied\n";
unlink "$tree/.git";

# What a plan does: put text at the end of a file, or at its beginning; replace a part; make a file.
sub at_end   { my ($text) = @_; return sub { $_[0] . $text } }
sub at_start { my ($text) = @_; return sub { $text . $_[0] } }
sub instead { my ($old, $new) = @_; return sub { my ($all) = @_; $all =~ s/$old/$new/ or die "no $old\n"; $all } }
sub made { my ($text) = @_; return sub { $text } }

my $todo    = 'TO' . 'DO';
my $unnamed = join '', qw(no where at all);
my $header  = "/* A header. */\n#ifndef KEEL_PLANTED_H\n#define KEEL_PLANTED_H\n%s\n#endif\n";

# Check, file, what is done to it, the line that must be named (undef: any), a word of the message.
my @plants = (
    [ 'white-space', 'base/lock.c', at_end("/* end */ \n"), undef, 'white space' ],
    [ 'white-space', 'base/lock.c', at_end("\t/* end */\n"), undef, 'a tab' ],
    [ 'white-space', 'base/lock.c', at_end('/* end */'), undef, 'no newline' ],
    [ 'white-space', 'base/lock.c', at_end("\n"), undef, 'empty lines' ],
    [ 'long-line', 'base/lock.c', at_start('/* ' . 'x' x 95 . " */\n"), 1, '101 columns' ],
    [ 'long-file', 'base/lock.c', at_end("/* more */\n" x 500), 501, 'a file of' ],
    [ 'long-function', 'base/lock.c', at_end("\nvoid lock_long(void)\n{\n" . "    lock_wait(0);\n" x 70 . "}\n"), undef, 'lock_long has 73 lines' ],
    [ 'later', 'base/lock.c', at_start("/* $todo: more */\n"), 1, 'undone' ],
    [ 'head-comment', 'base/lock.h', instead(qr{\A/\*.*?\*/\n}s, ''), 1, 'head comment' ],
    [ 'head-comment', 'tests/base/lock.c', instead(qr{\A/\*.*?\*/\n}s, ''), 1, 'head comment' ],
    [ 'head-comment', 'tests/boot/exit.t', instead(qr{\n#[^\n]*}, "\n"), 1, 'head comment' ],
    [ 'head-comment', 'tools/planted', made("#!/bin/sh\nexit 0\n"), 1, 'head comment' ],
    [ 'abbreviation', 'base/lock.c', at_end("static int lock_cnt;\n"), undef, "'cnt' in lock_cnt" ],
    [ 'stale-reference', 'base/lock.c', at_start("/* See base/locks.c. */\n"), 1, 'base/locks.c' ],
    [ 'stale-reference', 'base/lock.c', at_start("/* As lock_gone does. */\n"), 1, 'lock_gone' ],
    [ 'include-up', 'base/lock.c', at_start("#include \"mem/pages.h\"\n"), 1, 'mem/pages.h lies above' ],
    [ 'include-up', 'arch/x86_64/machine/cpu.h', at_start("#include \"base/base.h\"\n"), 1, 'base/base.h lies above' ],
    [ 'include-up', 'include/keel/mem.h', at_start("#include \"base/base.h\"\n"), 1, 'only include/' ],
    [ 'include-up', 'base/lock.c', at_start("#include \"tests/tap.h\"\n"), 1, 'no room' ],
    [ 'include-up', 'base/lock.c', at_start("#include <string.h>\n"), 1, '<string.h>' ],
    [ 'include-up', 'base/lock.c', sub { dependencies(), $_[0] }, 1, 'sched/sched.h lies above', 'with objects' ],
    [ 'machine', 'sched/run.c', at_start("__asm__(\"nop\");\n"), 1, 'inline assembly' ],
    [ 'machine', 'tests/sched/spawn.c', at_start("#ifdef __x86_64__\n#endif\n"), 1, 'asks for the machine' ],
    [ 'machine', 'sched/run.c', at_start("#include <immintrin.h>\n"), 1, 'one machine' ],
    [ 'machine', 'sched/planted.S', made("/* Planted. */\n"), 1, 'assembly outside' ],
    [ 'thread-local', 'sched/run.c', at_start("static _Thread_local int here;\n"), 1, 'thread-local' ],
    [ 'door', 'chan/chan.h', instead(qr/What may not enter/, 'What enters'), 1, 'What may not enter' ],
    [ 'door', 'chan/chan.h', instead(qr{/\*\n \* chan/}, "/*\n * Here: chan/"), 1, "'chan/'" ],
    [ 'prefix', 'chan/chan.c', at_end("\nvoid wake_all(void)\n{\n}\n"), undef, 'wake_all is seen' ],
    [ 'prefix', 'arch/x86_64/clone.S', at_start("FUNCTION(spawn_thread)\n"), 1, 'spawn_thread is seen' ],
    [ 'prefix', 'sched/run.c', sub { object('sched/run', 'int counter_of_all;'), $_[0] }, 1, 'counter_of_all is seen', 'with objects' ],
    [ 'stack-note', 'arch/x86_64/clone.S', instead(qr/NO_EXECUTABLE_STACK/, ''), undef, 'no .note.GNU-stack' ],
    [ 'stack-note', 'sched/run.c', sub { object('sched/run', '__asm__(".section .note.GNU-stack, \"x\", @progbits");'), $_[0] }, 1, 'asks for an executable stack', 'with objects' ],
    [ 'number', 'sched/run.c', at_end("\nstatic char digit(unsigned n)\n{\n    return (char)('0' + n % 10);\n}\n"), undef, 'formats a number' ],
    [ 'unused-file', 'mem/planted.h', made(sprintf $header, ''), 1, 'no file includes it' ],
    [ 'unused-file', 'tests/boot/children/' . $unnamed . '.c', made("/* A child. */\n"), 1, 'no script runs it' ],
    [ 'unused-file', 'tools/' . $unnamed, made("#!/bin/sh\n# Does nothing.\n"), 1, 'nothing names it' ],
    [ 'unused-file', 'doc/' . $unnamed . '.md', made("# Nothing\n"), 1, 'nothing names it' ],
    [ 'atomic-builtin', 'sched/run.c', at_end("\nstatic int look(int *word)\n{\n    return __atomic_load_n(word, 0);\n}\n"), undef, 'outside base/atomic.h' ],
    [ 'atomic-order', 'sched/run.c', atomic('atomic_load(word, order)'), undef, 'without its order' ],
    [ 'atomic-order', 'sched/run.c', atomic('atomic_load(word, ACQUIRE)'), undef, 'without a comment' ],
    [ 'atomic-order', 'sched/run.c', atomic('atomic_load(word, ACQUIRE) /* ACQUIRE: needed. */'), undef, 'without its partner' ],
    [ 'atomic-partner', 'sched/run.c', atomic('atomic_load(word, ACQUIRE) /* ACQUIRE: with the RELEASE in next_random. */'), undef, 'no RELEASE in next_random' ],
    [ 'atomic-partner', 'sched/run.c', atomic('atomic_load(word, ACQUIRE) /* ACQUIRE: with the RELEASE in next_gone. */'), undef, 'no function' ],
    [ 'docstring', 'include/keel/mem.h', instead(qr{(?=\n#ifdef __cplusplus\n\})}, "\nvoid keel_planted(void);\n"), undef, 'keel_planted has no docstring' ],
    [ 'contract', 'arch/x86_64/machine/cpu.h', instead(qr/(?=\n#endif\n\z)/, "\nenum { arch_planted = 1 };\n"), undef, 'arch_planted is not in' ],
    [ 'contract', 'arch/x86_64/clone.S', at_start("FUNCTION(arch_planted)\n"), 1, 'arch_planted is not in' ],
    [ 'unused-declaration', 'mem/pages.h', instead(qr/(?=\n#endif\n\z)/, "\nvoid page_planted(void);\n"), undef, 'the function page_planted: nothing' ],
    [ 'unused-declaration', 'mem/pages.h', instead(qr/(?=\n#endif\n\z)/, "\n#define page_planted 1\n"), undef, 'the macro page_planted' ],
    [ 'unused-declaration', 'mem/pages.h', instead(qr/(?=\n#endif\n\z)/, "\nenum {\n    page_used = 1 + (2 *\n    3),\n    page_planted,\n};\n"), undef, 'the constant page_planted' ],
    [ 'unused-declaration', 'mem/pages.h', instead(qr/(?=\n#endif\n\z)/, "\nstruct page_planted {\n    int planted;\n};\n"), undef, 'the structure page_planted' ],
    [ 'unused-declaration', 'tests/tap.h', instead(qr/(?=\n#endif\n\z)/, "\nstatic inline void tap_planted(void)\n{\n}\n"), undef, 'the function tap_planted' ],
    [ 'header-alone', 'mem/class.h', instead(qr/#include "base\/base.h"/, ''), undef, 'alone and twice' ],
    [ 'header-alone', 'mem/class.h', instead(qr/#ifndef \w+\n#define \w+/, ''), undef, 'alone and twice' ],
    [ 'warnings', 'sched/run.c', at_end("\nstatic void planted(void)\n{\n}\n"), undef, 'unused' ],
);

sub atomic {
    my ($access) = @_;
    return at_end("\nstatic int planted(int *word, int order)\n{\n    return $access;\n}\n");
}

sub object {
    my ($name, $code) = @_;
    open my $compiler, '|-', "gcc -x c -c -o '$objects/$name.o' -" or die "gcc: $!";
    print $compiler "$code\n";
    close $compiler or die "gcc: $?";
    return;
}

sub dependencies {
    open my $list, '>', "$objects/base/lock.d" or die $!;
    print $list "base/lock.o: base/lock.c base/lock.h \\\n sched/sched.h\n";
    return;
}

sub contents {
    my ($path) = @_;
    open my $file, '<', $path or return;
    local $/;
    return <$file>;
}

sub write_file {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
}

my %broken;
for my $plant (@plants) {
    my ($check, $path, $change, $line, $word, $objects_too) = @$plant;
    $broken{$check} = 1;
    my $before = contents("$tree/$path");
    write_file("$tree/$path", $change->($before // ''));
    my $option = $objects_too ? "--objects '$objects'" : '';
    my $said   = qx('$tidy' --only $check $option --compiler gcc '$tree' 2>&1);
    is($? >> 8, 1, "$check: $path, $word");
    my $number = $line // '\d+';
    like($said, qr/^\Q$path\E:$number: $check: .*\Q$word\E/m, '  with its place');
    defined $before ? write_file("$tree/$path", $before) : unlink "$tree/$path";
    unlink glob "$objects/*/*";
}

for my $check (split ' ', qx('$tidy' --list)) {
    ok($broken{$check}, "there is a row that breaks $check");
    like(contents("$source/HACKING.md"), qr/^\|.*`$check`.*\|$/m, "  and one of HACKING.md that explains it");
}
qx('$tidy' --only no-such-check '$tree' 2>&1);
is($? >> 8, 2, 'a check that there is not is refused');
done_testing();
