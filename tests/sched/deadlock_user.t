#!/usr/bin/perl
# The report of a deadlock says where tasks wait in a program that was linked as users do: never in the
# library, whatever its functions are called and whether others see them; and always in the program,
# whatever its own are called. And what it shows of a stripped program.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename 'dirname';
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Commands qw(is_installed);
use Test::More;

my $folder   = dirname(abs_path($ENV{KEEL_TESTS} or die "KEEL_TESTS is not set\n"));
my $root     = abs_path("$FindBin::Bin/../..");
my $compiler = $folder =~ /clang/ ? 'clang' : 'gcc';
my $work     = tempdir(CLEANUP => 1);

# Names of the library's own functions, of its public ones' kind, and what runs between them and the wait.
my $program = <<'END';
#include <keel/chan.h>
#include <keel/fork.h>
#include <keel/task.h>
#define APART __attribute__((noinline))
static keel_chan *chan;
static volatile int after;
APART void queue_push(void) { keel_chan_receive(chan, 0); after++; }
static APART void cs_of_the_program(void) { keel_chan_receive(chan, 0); after--; }
static void *own_name(void *arg) { queue_push(); after++; return arg; }
static void *public_name(void *arg) { cs_of_the_program(); after++; return arg; }
static APART void *float_control(void *arg) { keel_chan_receive(chan, 0); after++; return arg; }
static APART void *sleeps(void *arg) { keel_sleep(KEEL_FOREVER); after++; return arg; }
static APART void *joins(void *arg)
{
    keel_fork_frame frame;
    keel_fork(&frame, sleeps, 0);
    keel_sleep(2000000);
    after += keel_join(&frame) != 0;
    return arg;
}
static APART void *hosts(void *arg)
{
    keel_task_await(keel_task_create(sleeps, 0, 0), 0);
    after++;
    return arg;
}
static APART void begin(int place)
{
    static const keel_task_options options = {.flags = KEEL_TASK_FP_CONTROL};
    static void *(*const tasks[])(void *) = {own_name, public_name, float_control, joins, hosts};
    keel_task_create(tasks[place], 0, place == 2 ? &options : 0);
}
int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    begin(argv[argc - 1][0] - '0');
    keel_sleep(KEEL_FOREVER);
}
END

sub shell {
    my ($command) = @_;
    my $said = `($command) 2>&1`;
    return $? == 0 || diag("$command\n$said") && 0;
}

sub report_of {
    my ($image, $place, $workers) = @_;
    local $ENV{KEEL_TESTS} = $work;
    my $child = run_child($image, arguments => [$place], environment => { KEEL_WORKERS => $workers });
    is($child->{status}, 2, "$image $place on $workers: status 2");
    return $child->{errors};
}

open my $file, '>', "$work/program.c" or die "$work: $!\n";
print {$file} $program;
close $file;
my $flags = '-O2 -fasynchronous-unwind-tables -ffreestanding -fno-builtin -nostdlib -static';
my $link  = "-Wl,-T,$root/linker.ld -Wl,--build-id=none -L$folder -lcsruntime";
ok(shell("$compiler $flags -I$root/include -o $work/program $work/program.c $link"), 'it is linked');

my $hex    = qr/0x[0-9a-f]+/;
my @places = (
    [ 'a function that is called as one of the library', 'queue_push',        'own_name' ],
    [ 'a function that is called as a public one',       'cs_of_the_program', 'public_name' ],
    [ 'a task with floating-point control',              'float_control' ],
    [ 'a join',                                          'joins' ],
    [ 'a task that runs another on its stack',           'hosts' ],
);
for my $workers (1, 2, 8) {
    for my $place (0 .. $#places) {
        my ($what, @functions) = @{ $places[$place] };
        my $report = report_of('program', $place, $workers);
        my $calls  = join '', map { "keel:     at $hex $_\\+$hex.*\\n" } @functions;
        like($report, qr/^keel:   task \d+: .*\n$calls/m, "  where it waits: $what");
        like($report, qr/awaiting a task.* \(task \d+\),/, '  for which task') if $place > 2;
    }
}

SKIP: {
    skip "strip is not installed", 4 if !is_installed('strip');
    ok(shell("strip -o $work/stripped $work/program"), 'it is stripped');
    my $report = report_of('stripped', 2, 2);
    like($report, qr/^keel:   task \d+: .*\n(?:keel:     at $hex\n){3,8}/m, '  addresses of calls');
    like($report, qr/"main": sleeping for ever\n(?:keel:     at $hex\n){2,8}/, "  main's too");
}
done_testing();
