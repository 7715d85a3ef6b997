#!/usr/bin/perl
# The task benchmark tells what it says: the runner counts a program's CPU time on the CPUs it gives it, and
# ends what does not end; Keel's program has the rows that the tables name; least, median, ratio, floor
# and speed-up are what the figures of the rounds make them. No figure is judged.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/..", "$FindBin::Bin/../../tools";
use BenchmarkTest qw(run_natively_once benchmark_setting tables_of);
use BenchTasks::Peers;
use BenchTasks::Report;

run_natively_once('the benchmark');
my $work    = tempdir(CLEANUP => 1);
my %setting = benchmark_setting($work);

my $said = `gcc -O2 -Wall -Wextra -Wshadow -Wconversion bench/tasks/runner.c -o '$work/runner' 2>&1`;
is("$? $said", '0 ', 'the runner is built');
my $cpu = (`grep Cpus_allowed_list /proc/self/status` =~ /(\d+)/)[0];

sub runner {
    my ($arguments) = @_;
    my $text = `'$work/runner' $arguments 2>&1`;
    return ($? >> 8, $text);
}

my ($status, $text) = runner("20 $cpu /bin/sh -c 'grep Cpus_allowed_list /proc/self/status; exit 3'");
like("$status $text", qr/\A3 Cpus_allowed_list:\s+$cpu\ncpu \d+\n\z/, 'the CPU is the one, the status the program\'s');
($status, $text) = runner("20 $cpu /usr/bin/perl -e 'while ((times)[0] < 0.3) { 1 for 1 .. 100_000 }'");
ok($text =~ /^cpu (\d+)$/m && $1 >= 290_000 && $status == 0, 'CPU time in microseconds') or diag $text;
($status, $text) = runner("1 $cpu /bin/sleep 100");
ok($text =~ /^cpu (\d+)$/m && $1 < 500_000 && $status == 124, 'what does not end is ended; a sleep costs no CPU time') or diag $text;
is((runner("20 $cpu /bin/sh -c 'kill -9 \$\$'"))[0], 126, 'a signal');
is((runner("20 $cpu $work/none"))[0], 125, 'no such program');

my ($keel) = BenchTasks::Peers::build_all(\%setting, 'keel');
my %rows = map { $_ => 1 } BenchTasks::Report::rows();
is(join(' ', grep { !$rows{$_} } sort keys %{ $keel->{has} }), '', 'every row of the program is in a table');
ok($keel->{has}{$_}, "there is the row $_") for qw(switch fib skynet sleepers fan-out);
for my $row (qw(spawn-await threadring)) {
    local $ENV{KEEL_WORKERS} = 2;
    like(`'$work/keel' $row 2`, qr/\Atime \d+\.\d{3}\n\z/, "$row prints its figure");
}

my %figures = (
    switch     => { 1 => { keel => { time => [ 12, 10, 14 ] }, go => { time => [ 25, 30, 40 ] } } },
    threadring => { 1 => { keel => { time => [ 30, undef, 31 ] }, go => { time => [ 90, 90, 90 ] } } },
    'fan-out'  => {
        1 => { keel => { time => [ 66e6, 65e6 ] }, serial => { time => [ 64e6, 70e6 ] } },
        2 => { keel => { time => [ 33e6, 32.5e6 ] } },
    },
    sleepers => { 1 => { keel => { cpu => [400_000], late => [60_000], latest => [900_000] } } },
);
my $report = BenchTasks::Report->new(
    figures => \%figures,
    rows    => [qw(switch threadring sleepers fan-out)],
    workers => [ 1, 2 ],
    peers   => [ map { { name => $_, title => $_ } } qw(keel go serial) ],
    setting => \%setting,
);
my $tables = tables_of($report);
my @expected = (
    [ 'two tasks a worker yield', '1 \| 10.0 · 12.0 \| 25.0 · 30.0 \(2.50\) \| 6.2', 'least, median, ratio, floor' ],
    [ 'ring of 503 tasks',        '1 \|  \| 90.0 · 90.0 \| 28', 'a round that failed leaves no figure, and no ratio' ],
    [ '100,000 tasks',            '1 \| 400 · 400 \|  \| ', 'nanoseconds of CPU time a sleep' ],
    [ 'their lateness, worst',    '1 \| 900 · 900 \|  \| ', 'lateness in microseconds' ],
    [ '64 tasks',                 '1 \| 65.0 · 65.5 \| 64.0 · 67.0 \(0.98\) \| 64.0', 'the floor is the serial function' ],
    [ '64 tasks',                 '2 \| 32.5 · 32.8 \| 64.0 · 67.0 \(1.97\) \| 32.0', 'its half on two workers' ],
    [ '64 tasks of about 1 ms each', '2.00 \|$', 'the speed-up' ],
);
for my $expected (@expected) {
    my ($row, $cells, $what) = @$expected;
    like($tables, qr/^\| \Q$row\E.*\| $cells/m, $what) or diag $tables;
}
unlike($tables, qr/skynet|fib/, 'no line without a figure');
done_testing();
