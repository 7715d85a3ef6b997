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

ok(build('prints', <<'END'), 'a program that prints links');
#include "runtime.h"
int main(void) { cs_print_str((cs_string_t){"hello\n", 6}); return 0; }
END
my @parts = grep { /sched_|chan_|signal_|backtrace_/ } `nm $work/prints`;
is_deeply(\@parts, [], '  and has no scheduler, channel, signal handler or trace in it');

done_testing();
