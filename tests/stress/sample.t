#!/usr/bin/perl
# A sample of the stress tests (`make stress` is the whole of them): each program a few times on 1, 2
# and 8 workers. RUNS=n overrides how often.
# time limit: 300 s
use strict;
use warnings;
use Test::More;

my $folder = $ENV{KEEL_TESTS} or die "KEEL_TESTS names the folder of built tests\n";
$ENV{RUNS} //= $ENV{KEEL_EMULATOR} ? 3 : 20;
$ENV{JOBS} //= 2;
# An emulator on a loaded machine is slow, and this test has one time limit as a whole.
$ENV{TIMEOUT} //= 30 if $ENV{KEEL_EMULATOR};

(my $tool = $0) =~ s{tests/stress/[^/]*$}{tools/stress};
open my $output, '-|', $tool, (map { ('--place', $_) } 1, 2, 8), $folder or die "$tool: $!\n";
my $rows = 0;
while (my $line = <$output>) {
    if (my ($test, $workers, $runs, $failures, $hangs) =
        $line =~ /^(\w+) +(\d+) +(\d+) +(\d+) +(\d+) +\d+ ms$/)
    {
        $rows++;
        my $workers_text = $workers == 1 ? '1 worker' : "$workers workers";
        ok($failures + $hangs == 0, "$test on $workers_text, $runs runs")
            or diag("$failures failures, $hangs hangs");
    }
    elsif ($line =~ /^ /) {
        diag($line =~ s/\n$//r);
    }
}
ok(close($output), 'tools/stress says that all passed');
cmp_ok($rows, '>', 0, 'there are stress tests');
done_testing();
