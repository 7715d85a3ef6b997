#!/usr/bin/perl
# KEEL_STACKS=1: the deepest use of stacks, for each place that spawned tasks.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $KiB  = 1024;
my $page = 4 * $KiB;
my $hex  = qr/0x[0-9a-f]+/;

sub run_census {
    my ($way, $workers, %environment) = @_;
    return run_child('sched/children/census', arguments => [$way],
        environment => { KEEL_WORKERS => $workers, KEEL_STACKS => 1, %environment });
}

sub own_lines {
    my ($child) = @_;
    return grep { !/KEEL_(?:TESTS|EMULATOR) / } split /\n/, $child->{errors};
}

# What the runner and the task's own small frames take.
my $frames = 700;

my $title = 'keel: the deepest use of task stacks, by spawn site:';
my @rows  = (    # place, what its deepest task uses, of how much, tasks, the least that can be told
    [ 'sized',   600 * $KiB, 1024 * $KiB, '1 task ended',     $page ],
    [ 'deep',    100 * $KiB, 128 * $KiB,  '20 tasks ended',   $page ],
    [ 'spawned', 30 * $KiB,  128 * $KiB,  '1 task ended',     $page ],
    [ 'waiting', 10 * $KiB,  128 * $KiB,  '20 tasks not yet', $page ],
    [ 'shallow', 3000,       128 * $KiB,  '40 tasks ended',   0 ],
    [ 'none',    0,          128 * $KiB,  '20 tasks ended',   0 ],
);

for my $way ('all', 'all-refused') {
    check_rows($way, $_) for 1, 2, 8;
}
for my $way ('churning', 'churning-mapped', 'going-on') {
    check_while_others_run($way, $_) for 1, 2, 8, 8, 8, 8;
}

# Each place once, and nothing that cannot be.
sub check_while_others_run {
    my ($way, $workers) = @_;
    my $child = run_census($way, $workers);
    is("$child->{status} $child->{signal}", '0 0', "$way, on $workers: ends well") or diag $child->{errors};
    my @lines = grep { $_ ne $title } own_lines($child);
    my %seen;
    for my $line (@lines) {
        my ($bytes, $promised, $place) = $line =~ /(\d+) of (\d+) bytes: .*, spawned at (\S+)/ or next;
        $seen{"$place $promised"}++;
        cmp_ok($bytes, '<=', $promised, "  $place: not more than there is");
    }
    cmp_ok(scalar keys %seen, '>=', 2, '  places');
    is_deeply([ grep { $_ != 1 } values %seen ], [], '  each once');
}

sub check_rows {
    my ($way, $workers) = @_;
    my $child = run_census($way, $workers);
    is($child->{status}, 0, "$way, on $workers: ends well") or diag $child->{errors};
    my @lines = own_lines($child);
    is(shift @lines, $title, '  a title');
    my %found;
    for my $line (@lines) {
        like($line, qr/^keel:   \d+ of \d+ bytes: \d+ tasks? (?:ended|not yet), spawned at $hex \w+\+$hex \(\S+census\.c:\d+\)$/,
            '  a line');
        my ($bytes, $promised, $tasks, $place) = $line =~ /(\d+) of (\d+) bytes: (.*), spawned at \S+ (\w+)/ or next;
        my $before = $found{$place} // { bytes => 0, tasks => [] };
        $found{$place} = { bytes => ($bytes > $before->{bytes} ? $bytes : $before->{bytes}),
            promised => $promised, tasks => [ @{ $before->{tasks} }, $tasks ] };
    }
    my @order = map { /^keel:   (\d+)/ ? $1 : () } @lines;
    is_deeply(\@order, [ sort { $b <=> $a } @order ], '  the deepest first');
    for my $row (@rows) {
        my ($place, $used, $promised, $tasks, $grain) = @$row;
        my $seen = $found{$place};
        ok($seen, "  $place is there") or next;
        cmp_ok($seen->{bytes}, '>=', $used, '    no less than it uses');
        cmp_ok($seen->{bytes}, '<=', $used + $frames + $grain, '    nor much more');
        is($seen->{promised}, $promised, '    of what was promised');
        is($seen->{tasks}[0], $tasks, '    so many tasks') if @{ $seen->{tasks} } == 1;
    }
}

is((run_census('no-task', 1))->{errors} =~ s/^.*KEEL_(?:TESTS|EMULATOR) .*\n//mgr, "$title\n", 'no task: nothing to tell');
my $without = run_census('all', 2, KEEL_STACKS => 0);
is_deeply([ own_lines($without) ], [], 'KEEL_STACKS=0: not a word');
is((run_census('all', 2, KEEL_STACKS => 2))->{status}, 2, 'KEEL_STACKS=2 is refused');
like((run_census('all', 2, KEEL_HELP => 1))->{output}, qr/^KEEL_STACKS=0\.\.1 /m, 'KEEL_HELP tells of it');
like((run_census('all', 2, KEEL_HELP => 1))->{output}, qr/^KEEL_STACK_SIZE=1024\.\.1073741824 /m,
    'and of KEEL_STACK_SIZE, with its range');

# Who only spawns, and links nothing of sizes, has a census too.
my $spawns = run_child("sched/children/worker_count", arguments => [], environment => { KEEL_STACKS => 1, KEEL_WORKERS => 1 });
like($spawns->{errors}, qr/^\Q$title\E\n.*spawned at/m, 'a program that creates no task with options');

done_testing();
