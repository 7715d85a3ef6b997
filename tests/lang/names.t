#!/usr/bin/perl
# What the archives define beside their public names has a prefix that no program uses: so a program may
# call its own functions as it likes. And a program that prints has no part of the scheduler.
use strict;
use warnings;
use File::Basename 'dirname';
use File::Temp 'tempdir';
use Test::More;

my $folder = dirname($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set\n");
my $source = dirname(__FILE__) . '/../..';
plan skip_all => 'nm is not installed' if system('command -v nm >/dev/null') != 0;
my $compiler = $folder =~ /clang/ ? 'clang' : 'gcc';
my $work = tempdir(CLEANUP => 1);

for my $archive (qw(libkeel.a libcsruntime.a)) {
    my @names = map { (split)[2] // () } `nm -g --defined-only $folder/$archive`;
    cmp_ok(scalar @names, '>', 100, "$archive defines names");
    is_deeply([ grep { !/^(?:keel_|cs_|__|_start$|mem(?:cpy|move|set|cmp)$|bcmp$|strlen$)/ } @names ],
        [], '  all public, of a compiler, or with our prefix');
}

sub build {
    my ($name, $text) = @_;
    open my $file, '>', "$work/$name.c" or die;
    print $file $text;
    close $file;
    return system("$compiler -O1 -ffreestanding -nostdlib -static -fno-builtin -I$source/include "
        . "-o $work/$name $work/$name.c -L$folder -lcsruntime >$work/log 2>&1") == 0;
}

ok(build('own_names', <<'END'), 'a program with functions called as internal ones links');
#include "keel.h"
#define OWN(name) int name(int n); int name(int n) { return n + 1; }
OWN(process) OWN(sched) OWN(lock_wait) OWN(clock_now) OWN(panic_at) OWN(line_text) OWN(deque_push)
OWN(sched_ready) OWN(page_map) OWN(output_print) OWN(options_read) OWN(process_end)
static void *task(void *arg) { return arg; }
int main(void)
{
    void *result = NULL;
    keel_task_await(keel_task_create(task, (void *)2, NULL), &result);
    return (int)(long)result + process(0) + sched(0) + lock_wait(0) + page_map(0);
}
END
my @emulator = split ' ', $ENV{KEEL_EMULATOR} // '';
delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
is(system(@emulator, "$work/own_names") >> 8, 6, '  and runs');

# ---- what a program does not use is not in its image

# Rooms as names show them; of all that a library object defines one name is enough.
my %room = (
    sched     => qr/^keel__(?:sched|deque|ring|timer)_|^keel_(?:spawn|yield|sleep)$/,
    chan      => qr/^(?:keel__|keel_)chan_/,
    signal    => qr/^keel__signal_/,
    backtrace => qr/^keel__(?:backtrace|unwind|dwarf|symbol)_/,
    heap      => qr/^keel__mem_heap_|^keel_alloc$/,
    panic     => qr/^keel__(?:panic|line)_/,
    output    => qr/^keel__output_/,
    library   => qr/^(?:mem(?:cpy|move|set|cmp)|bcmp|strlen)$/,
);

# A program's name, its body, the rooms that it may have and must have.
my @programs = (
    [ returns => 'return 0;' ],
    [ prints  => 'cs_print_str((cs_string_t){"hello\n", 6}); return 0;', 'output' ],
    [ exits   => 'keel_exit(0);' ],
    [ asks    => 'return keel_arguments(0) == 0;' ],
    [ looks   => 'return keel_environment("A") == 0;', 'library' ],
    [ allocates => 'keel_free(keel_alloc(10)); return 0;', 'heap' ],
    [ spawns  => 'return keel_spawn(nothing, 0);', qw(sched signal backtrace panic output library) ],
    [ sends   => 'return keel_chan_send(keel_chan_create(1, 1), "");',
        qw(sched chan signal backtrace heap panic output library) ],
);
# The clock may have last words, and the scheduler brings the heap's collection before a sleep.
my %may_too = (allocates => 'library output panic', spawns => 'heap');

for my $program (@programs) {
    my ($name, $body, @wanted) = @$program;
    ok(build($name, <<"END"), "a program that $name links") or next;
#include "keel.h"
#include "runtime.h"
void nothing(void *arg);
void nothing(void *arg) { (void)arg; }
int main(void) { $body }
END
    my @names = map { (split)[-1] } `nm $work/$name`;
    my @found = grep { my $room = $room{$_}; grep { $_ =~ $room } @names } sort keys %room;
    my $may = $may_too{$name} // '';
    is_deeply([ grep { $may !~ /$_/ } @found ], [ sort grep { $may !~ /$_/ } @wanted ],
        '  and has those rooms in it that it uses');
}

done_testing();
