#!/usr/bin/perl
# Blocking calls where a program ends, hangs or is wrong; and what the watchdog says of tasks that hold a
# worker. Each way on one, two and eight workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my ($main_status, $task_status, $panic_status) = (3, 9, 2);
my $hex = qr/0x[0-9a-f]+/;

# Way, environment, status, output, errors.
my @ways = (
    [ 'exit-beside', {}, $main_status, "exit function\n" ],
    [ 'exit-beside', { KEEL_BLOCKING_MAX => 2 }, $main_status, "exit function\n" ],
    [ 'exit-within', {}, $task_status, "exit function\n" ],
    [ 'exit-after',  {}, $task_status, "exit function\n" ],
    [ 'exit-hogged', {}, $task_status, "exit function\n" ],
    [
        'deadlock-after', {}, $panic_status, "the call is over\n",
        qr/keel: deadlock: all tasks are asleep \(1\)\n/
    ],
    [ 'never-ended', {}, $panic_status, '', qr/a task ended between keel_blocking_begin and keel_blocking_end \(task/ ],
    [
        'never-ended-hosted', {}, $panic_status, '',
        qr/a task ended between keel_blocking_begin and keel_blocking_end \(task/
    ],
    [ 'never-begun', {}, $panic_status, '', qr/keel_blocking_end without keel_blocking_begin \(task 1 "main"/ ],
    [
        'computes', { KEEL_WATCHDOG => 1 }, $main_status, '',
        qr/^keel: watchdog: task \d+ "hog" has held worker \d for [1-9]\d+ ms(?:: it computes)?, spawned at $hex computes/m
    ],
    [
        'computes-on', { KEEL_WATCHDOG => 1 }, $main_status, '',
        qr/^keel: watchdog: task \d+ "hog" has held worker \d for [1-9]\d\d+ ms/m
    ],
    [
        'waits', { KEEL_WATCHDOG => 1 }, $main_status, '',
        qr/^keel: watchdog: task \d+ "sleeper" has held worker \d for [1-9]\d+ ms.*, spawned at $hex waits/m
    ],
    [
        'counts', { KEEL_WATCHDOG => 1 },
        $main_status, qr/^2$/m, qr/^(?:keel: watchdog: task 1 "main" has held worker \d for \d+ ms.*\n){2,}\z/    # more on a busy machine
    ],
    [ 'counts-none',     { KEEL_WATCHDOG => 0 }, $main_status, qr/^0$/m ],
    [ 'computes-unseen', { KEEL_WATCHDOG => 0 }, $main_status, '' ],
    [
        'holds-none', { KEEL_WATCHDOG => 1 }, $main_status, "nobody is told of\n",
        qr/\A(?:keel: watchdog: task 1 "main" has held worker \d for \d+ ms.*\n)*\z/    # on a busy machine
    ],
);

for my $workers (1, 2, 8) {
    for my $way (@ways) {
        my ($name, $environment, $status, $output, $errors) = @$way;
        my $child = run_child('sched/children/blocking', arguments => [$name],
            environment => { KEEL_WORKERS => $workers, %$environment });
        my $words = join ' ', $name, %$environment, 'on', $workers;
        my $said = join '', grep { !/KEEL_(?:TESTS|EMULATOR) / } split /(?<=\n)/, $child->{errors};
        is($child->{signal}, 0,       "$words: ends by itself");
        is($child->{status}, $status, '  status');
        like($child->{output}, ref $output ? $output : qr/\A\Q$output\E\z/, '  output');
        $errors ? like($said, $errors, '  errors') : is($said, '', '  no errors');
    }
}

# The kernel says in which call a thread waits, if it has /proc/self/task/<thread>/syscall.
SKIP: {
    skip 'the kernel does not say in which call a thread waits', 1
        if $ENV{KEEL_EMULATOR} || !-r "/proc/$$/task/$$/syscall";
    my $child = run_child('sched/children/blocking', arguments => ['waits'], environment => { KEEL_WATCHDOG => 1 });
    like($child->{errors}, qr/ms: it waits in system call 35 at $hex \w+\+$hex .*, spawned at/, 'who waits in the kernel, where');
}
done_testing();
