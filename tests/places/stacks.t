#!/usr/bin/perl
# The benchmark of parked tasks tells what it says: Keel's program parks what it is told to and ends, its copies
# really have no guards, or guards that take mappings; who stops is shown with where and why; a core dump
# is measured and gone; the tables say least, median, ratio. No figure is judged.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/..", "$FindBin::Bin/../../tools";
use Bench::Run    qw(allowed_cpus content);
use BenchmarkTest qw(run_natively_once benchmark_setting tables_of);
use BenchStacks::Observe;
use BenchStacks::Peers;
use BenchStacks::Report;

run_natively_once('the benchmark');
plan skip_all => 'there is no /proc' if content('/proc/self/status') !~ /^VmPTE:/m;

my $work     = tempdir(CLEANUP => 1);
my @cpus     = allowed_cpus();
my %setting  = benchmark_setting($work);
my %subjects = map { $_->{name} => $_ }
    BenchStacks::Peers::build_all(\%setting, grep { /^keel/ } BenchStacks::Peers::names());
ok($subjects{$_}, "there is $_") for qw(keel keel-unguarded keel-older);

sub run {
    my ($name, $count, @more) = @_;
    return BenchStacks::Observe::run(
        subject => $subjects{$name}, count => $count, work => $work, seconds => 60, cpus => [ $cpus[0] ],
        environment => { KEEL_WORKERS => 1 }, @more,
    );
}

for my $name (sort keys %subjects) {
    my $figures = run($name, 500);
    ok(defined $figures->{create} && defined $figures->{release}, "$name: 500 tasks are parked and released")
        or diag $figures->{message};
    cmp_ok($figures->{resident}, '>', 500 * 100, "$name: the memory that they take is seen");
}
cmp_ok(run('keel-older', 500)->{mappings}, '>', 900, 'the fallback: each stack takes two mappings');

SKIP: {
    skip 'strace is not installed', 2 if !Bench::Programs::command('strace');
    my %guards;
    for my $name (qw(keel keel-unguarded)) {
        my $calls = `printf '\\n\\n' | KEEL_WORKERS=1 strace -f -e trace=madvise,mprotect '$subjects{$name}{path}' default 50 2>&1`;
        $guards{$name} = () = $calls =~ /PROT_NONE\b|GUARD_INSTALL|0x66\b/g;
    }
    cmp_ok($guards{keel}, '>', 40, 'guards are made');
    is($guards{'keel-unguarded'}, 0, 'and none where they are switched off');
}

SKIP: {
    chomp(my $limit = content('/proc/sys/vm/max_map_count'));
    skip "vm.max_map_count is $limit", 2 if !$limit || $limit > 70_000;
    my $stopped = run('keel-older', int($limit / 2) + 1000);
    like($stopped->{message}, qr{^keel: no memory for a task stack.*/proc/sys/vm/max_map_count$}, 'who stops says why');
    cmp_ok(abs($stopped->{reached} - $limit / 2), '<', 1000, 'and where');
}

my $core = run('keel', 300, core => 'unlimited', then => sub { BenchStacks::Observe::dump_core(@_, $work) });
SKIP: {
    skip 'nobody writes core dumps here', 1 if !$core->{by} || $core->{size} == 0;
    cmp_ok($core->{size}, '>', 300 * 4096, 'a core dump holds the stacks');
}
is(join(' ', glob "$work/core*"), '', 'and is thrown away');

my %rounds = (
    keel => [
        { resident => 4_000_000, tables => 500_000, mappings => 12, create => 3000, release => 1000 },
        { resident => 4_100_000, tables => 500_000, mappings => 12, create => 2000, release => 1000 },
        { resident => 4_200_000, tables => 500_000, mappings => 12, create => 4000, release => 1000 },
    ],
    go              => [ { resident => 2_000_000, tables => 0, mappings => 1234, create => 4000, release => 500 } ],
    'boost-guarded' => [ { message => 'a | b', reached => 700 } ],
);
my $report = BenchStacks::Report->new(
    figures  => { map { $_ => { 1000 => { 1 => $rounds{$_} } } } keys %rounds },
    subjects => [
        { name => 'keel', title => 'Keel', guard => 'marks', is_million => 1, is_guard => 1 },
        { name => 'go', title => 'Go', guard => 'none', is_million => 1 },
        { name => 'boost-guarded', title => 'Boost', guard => 'mprotect', is_guard => 1, has_one_thread => 1 },
    ],
    counts => [1000], workers => [1], core_count => 1000,
    cores  => { keel => { resident => 2**22, size => 2**30, on_disk => 2**23, dumped => 1.25, by => 'gcore' } },
);
my $tables = tables_of($report);
my @expected = (
    [ '| Keel | 1 | 4,500 · 4,600 | 4,000 · 4,100 | 500 | 2.00 · 3.00 | 1.00 | 12 |', 'least and median' ],
    [ '| Go | 1 | 2,000 (0.44) | 2,000 (0.50) | 0.00 (0.00) | 4.00 (2.00) | 0.50 (0.50) | 1,234 |', 'the ratio' ],
    [ '| Boost: mprotect | 1,000 | 1 | stops at 700 |', 'who stops has no figures' ],
    [ '| Boost | mprotect | 700 | `` a \| b `` |', 'but a message' ],
    [ '| Keel | marks | 1,000 | nothing', 'who does not, none' ],
    [ '| Keel | 4 | 1,024 | 8 | 1.2 | gcore |', 'the core dump' ],
);
for my $expected (@expected) {
    my ($line, $what) = @$expected;
    like($tables, qr/^\Q$line\E/m, $what) or diag $tables;
}
done_testing();
