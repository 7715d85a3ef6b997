#!/usr/bin/perl
# What the library needs of a packed stack is no more than KEEL_STACK_NEED (keel/task.h): by the compiler's own
# figures for each public call (tools/stack-need), and what lies on such a stack besides. tests/sched/packed_need.c
# is what happens.
use strict;
use warnings;
use FindBin;
use Test::More;

plan skip_all => 'an emulator runs programs, not scripts' if $ENV{KEEL_EMULATOR};
my $source = "$FindBin::Bin/../..";
my ($folder) = ($ENV{KEEL_TESTS} // '') =~ m{^(.*-gcc/(?:release|debug))/tests$};
plan skip_all => 'the compiler does not tell' if !defined $folder || !-e "$folder/sched/run.ci";

sub content {
    my ($path) = @_;
    open my $file, '<', "$source/$path" or die "$path: $!\n";
    local $/ = undef;
    return scalar <$file>;
}

my ($bound) = content('include/keel/task.h') =~ /^#define KEEL_STACK_NEED (\d+)$/m;
ok(defined $bound, 'keel/task.h states a bound') or BAIL_OUT('no bound');
my @lines = qx('$source/tools/stack-need' '$folder');
is($?, 0, 'tools/stack-need knows where all calls lead');
my %need = map { /^ *(\d+) (\w+)/ ? ($2 => $1) : () } @lines;
cmp_ok(scalar keys %need, '>', 60, 'it has found the public functions');
ok(exists $need{$_}, "$_ among them") for qw(keel_chan_send keel_yield keel_alloc keel_panic cs_print_str);

# What is linked, not a weak function in its place: the park of a task that keeps its floating-point control.
my $parks = qr/sched_hook_unusual_park \d+, (?:park_keeping_float_control|sched_float_control_check) /;
for my $name (qw(keel_wait_group_wait keel_sleep)) {
    ok((grep { /^ *\d+ $name: .*$parks/ } @lines), "$name parks as a packed task does");
}

# Above the task's function lie struct mem_stack, the call of `begin` and its frame; lowest, the canary.
my ($header, $canary, $call) = (64, 8, 8);
my ($frame) = map { /^ *\d+ begin: begin (\d+)/ ? $1 : () } @lines;
my $own = $header + $canary + $call + $frame;
for my $name (sort keys %need) {
    next if $name eq 'begin';
    cmp_ok($own + $need{$name}, '<=', $bound, "$name: $need{$name}, with the rest at most $bound");
}
cmp_ok($header + $canary + $call + $need{begin}, '<=', $bound, 'the first and the last steps of a task');

done_testing();
