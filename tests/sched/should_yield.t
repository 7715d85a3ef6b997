#!/usr/bin/perl
# What only some programs use is in no other: keel_should_yield and its thread, keel_sched_stats_read
# and its clock readings, blocking calls and the thread that lends workers on, the watchdog.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'child_path';
use Test::More;

sub names_in {
    my ($program) = @_;
    my @names = map { (split)[-1] } qx(nm '${\child_path($program)}');
    return join ' ', grep { /monitor|should_yield|sched_stats|lender|keel_watchdog/ } @names;
}

plan skip_all => 'nm is not installed' if system('nm --version >/dev/null 2>&1') != 0;
is(names_in('sched/yield'), '', 'a program that yields has nothing of it');
like(names_in('sched/should_yield'), qr/keel_should_yield_monitor/, 'a program that asks has it');
unlike(names_in('sched/should_yield'), qr/stats/, '  but no statistics');
like(names_in('sched/stats'), qr/keel_sched_stats_read/, 'a program that reads the counts has them');
unlike(names_in('sched/stats'), qr/monitor|lender/, '  but no monitor, and nobody who lends');
like(names_in('sched/stats'), qr/keel_watchdog/, '  and the watchdog, which counts for them');
like(names_in('sched/blocking'), qr/keel_watchdog.*lender|lender.*keel_watchdog/, 'a program that blocks has both');
done_testing();
