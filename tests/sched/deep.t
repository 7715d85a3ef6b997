#!/usr/bin/perl
# Awaits within each other run on main's stack as far as it goes, whatever its limit is said to be.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Test::More;
use ChildProgram 'run_child';

for my $limit (qw(256 8192 unlimited)) {
  SKIP: {
        skip "the stack's limit may not be $limit", 1 if system("ulimit -s $limit 2>/dev/null") != 0;
        my $child = run_child('sched/children/deep', environment => { KEEL_WORKERS => 1 },
            through => [ 'sh', '-c', "ulimit -s $limit; exec \"\$0\" \"\$@\"" ]);
        ok($child->{status} == 0 && $child->{signal} == 0, "deep awaits, stack limit $limit")
            or diag($child->{errors});
    }
}

done_testing();
