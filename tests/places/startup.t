#!/usr/bin/perl
# The driver of the startup benchmark tells what it says: system calls counted exactly, also those of a
# second thread, figures in order, failures named. Times are
# only held against each other in one figure.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/..";
use BenchmarkTest qw(run_natively_once benchmark_setting);
use Commands      qw(succeeds_silently);

run_natively_once('the driver');
my $work    = tempdir(CLEANUP => 1);
my %setting = benchmark_setting($work);
my ($bench, $cc) = ("$setting{source}/bench/startup", $setting{cc});

sub driver {
    my ($arguments) = @_;
    my $said = `'$work/driver' $arguments 2>&1`;
    return ($? >> 8, $said);
}

succeeds_silently("$cc -O2 -Wall -Wextra -Wshadow -Wconversion '$bench/driver.c' -o '$work/driver'", 'the driver is built');
my %script = (hello => 'assembly', tasks_by_hand => 'assembly_bss', threads_by_hand => 'assembly_bss');
for my $name (sort keys %script) {
    succeeds_silently("$cc -nostdlib -static -Wl,--build-id=none -Wl,-T,'$bench/$script{$name}.ld' '$bench/$name.S'"
            . " -o '$work/$name'", "$name is built");
    is(`'$work/$name'`, "hello\n", "$name prints");
}
my ($segment) = `readelf -lW '$work/hello'` =~ /LOAD +\S+ \S+ \S+ 0x(\w+)/;
is(hex $segment, 156, 'the floor has one segment of 156 bytes');

my $cpu = (`grep Cpus_allowed_list /proc/self/status` =~ /(\d+)/)[0];
SKIP: {
    my ($status, $said) = driver("inspect $cpu '$work/hello' '$work/threads_by_hand'");
    skip "ptrace is refused here: $said", 1 if $status != 0;
    # write, exit_group; clone, write, exit_group, and what comes in time: a wait, the sender's wake, its exit
    like($said, qr/\A0\t2\t\d+\n1\t[3-6]\t\d+\n\z/, 'inspect: system calls of one thread and of two');
}

my ($status, $said) = driver("measure 7 1 $cpu '$work/hello' '$work/tasks_by_hand'");
my @lines = map { [split] } split /\n/, $said;
is("$status " . scalar @lines, '0 2', 'measure: a line a program');
for my $line (@lines) {
    my ($index, $minimum, $median, $p99, $faults) = @$line;
    ok(0 < $minimum && $minimum <= $median && $median <= $p99, "program $index: minimum, median, 99th percentile");
    cmp_ok($faults, '>', 0, "program $index: page faults");
}

my %failure = (
    "measure 1 1 $cpu /bin/false" => qr{^driver: /bin/false: ended with wait status 256$},
    "measure 1 1 $cpu $work/none" => qr{^driver: \Q$work\E/none: ended with wait status 32256$},
    "inspect $cpu /bin/false"      => qr{^driver: /bin/false: },
    "measure 0 1 $cpu /bin/true"  => qr{^driver: usage: },
    'measure'                     => qr{^driver: usage: },
);
for my $arguments (sort keys %failure) {
    my ($failed, $why) = driver($arguments);
    ok($failed == 1 && $why =~ $failure{$arguments}, "refused: driver $arguments") or diag $why;
}
done_testing();
