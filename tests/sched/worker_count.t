#!/usr/bin/perl
# How many workers there may be: the affinity mask, KEEL_WORKERS, and what is said of a bad value.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

delete $ENV{$_} for grep { /^KEEL_/ && !/^KEEL_(?:TESTS|EMULATOR)$/ } keys %ENV;

sub run_with {
    my ($environment, @arguments) = @_;
    return run_child('sched/children/worker_count', environment => $environment,
        arguments => \@arguments);
}

# Without the warnings about the harness's own variables.
sub own_lines {
    my ($child) = @_;
    return join '', grep { !/KEEL_(?:TESTS|EMULATOR) / } split /(?<=\n)/, $child->{errors};
}

for my $count (1, 2, 3, 8, 100) {
    my $child = run_with({ KEEL_WORKERS => $count });
    is($child->{output}, "workers at most $count\n", "KEEL_WORKERS=$count");
    is($child->{status}, 0, '  status');
    is(own_lines($child), '', '  nothing is said');
}

for my $value ('', '0', 'two', '-1', '+2', ' 2', '2 ', '2x', '0x2', '1025', '1' . '0' x 18, '9' x 40) {
    my $child = run_with({ KEEL_WORKERS => $value });
    my $quoted = quotemeta $value;
    like(own_lines($child), qr/\Akeel: KEEL_WORKERS=$quoted: .* from 1 to 1024 .*\n\z/,
        "KEEL_WORKERS='$value' is refused in one line");
    is($child->{status}, 2, '  status 2');
    is($child->{output}, '', '  main never runs');
}

my $child = run_with({ KEEL_WORKER => 2, KEEL_WORKERS => 2 });
like(own_lines($child), qr/\Akeel: KEEL_WORKER is no variable .*KEEL_HELP.*\n\z/,
    'a misspelt name is warned about, without its value');
is($child->{output}, "workers at most 2\n", '  and the program runs');
is($child->{status}, 0, '  to its end');
is(own_lines(run_with({ KEELWORKERS => 2, XKEEL_WORKERS => 3 })), '', 'other names are left alone');

$child = run_with({ KEEL_HELP => 1 });
like($child->{output}, qr/^KEEL_WORKERS=1\.\.1024  \S.*\n/m, 'KEEL_HELP=1 explains KEEL_WORKERS');
like($child->{output}, qr/^KEEL_HELP=1 /m, '  and itself');
unlike($child->{output}, qr/at most \d/, '  main never runs');
is($child->{status}, 0, '  status 0');
$child = run_with({ KEEL_HELP => 0, KEEL_WORKERS => 2 });
is($child->{output}, "workers at most 2\n", 'KEEL_HELP=0 is no call for help');

my ($allowed) = map { /^Cpus_allowed:\s*([0-9a-f,]+)/ ? $1 : () } lines_of('/proc/self/status');
my $cpus = defined $allowed ? scalar(grep { $_ } map { split //, sprintf '%b', hex } split /,/, $allowed) : 0;
my ($quota) = run_child('sched/children/quota', arguments => ['root'])->{output} =~ /^quota (\d+)$/m;
$cpus = $quota if $quota < $cpus;
is(run_with({})->{output}, "workers at most $cpus\n", 'a worker for each CPU of the affinity mask');
is(run_with({}, 'bind')->{output}, "workers at most 1\n", 'one for a process tied to one CPU');
is(run_with({ KEEL_WORKERS => 3 }, 'bind')->{output}, "workers at most 3\n",
    'KEEL_WORKERS overrides the mask');

SKIP: {
    my ($first) = map { /^Cpus_allowed_list:\s*(\d+)/ ? $1 : () } lines_of('/proc/self/status');
    skip 'taskset is not installed', 1 if system("taskset -p -c $first $$ >/dev/null 2>&1") != 0;
    is(run_with({})->{output}, "workers at most 1\n", 'the mask is inherited');
}

done_testing();

sub lines_of {
    my ($path) = @_;
    open my $file, '<', $path or return;
    return <$file>;
}
