#!/usr/bin/perl
# The CPU quota: found in file trees as engines lay them out, and in a real control group, where the
# machine lets us make one; there a second worker that is one too many retires.
use strict;
use warnings;
use File::Basename 'dirname';
use File::Path     'make_path';
use File::Temp     'tempdir';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use ControlGroup;
use Test::More;

delete $ENV{$_} for grep { /^KEEL_/ && !/^KEEL_(?:TESTS|EMULATOR)$/ } keys %ENV;
my $none = 65535;

sub quota_of {
    my (%files) = @_;
    my $root = tempdir(CLEANUP => 1);
    while (my ($path, $text) = each %files) {
        make_path(dirname("$root$path"));
        open my $file, '>', "$root$path" or die "$root$path: $!";
        print $file $text;
        close $file;
    }
    my $child = run_child('sched/children/quota', arguments => [ 'root', $root ]);
    return $child->{output} =~ /^quota (\d+)\n\z/ ? $1 : "status $child->{status}: $child->{errors}";
}

my $other_mounts = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    . "27 1 254:0 / / rw,relatime - overlay overlay rw,lowerdir=" . join(':', ('/var/lib/x/l/ABCDEF') x 300) . "\n";
my $version_2 = "35 24 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n";
my $cpu       = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n";
my $proc      = '/proc/self/cgroup';
my $mounts    = '/proc/self/mountinfo';
my $groups    = '/sys/fs/cgroup';

sub version_1 {
    my ($folder, $quota, $period) = @_;
    return ("$groups/cpu,cpuacct$folder/cpu.cfs_quota_us" => "$quota\n",
        "$groups/cpu,cpuacct$folder/cpu.cfs_period_us" => "$period\n");
}

is(quota_of(), $none, 'no /proc');
is(quota_of($proc => "0::/\n"), $none, 'no mountinfo');
is(quota_of($mounts => $version_2, "$groups/cpu.max" => "50000 100000\n"), $none, 'no /proc/self/cgroup');
is(quota_of($proc => "0::/\n", $mounts => $other_mounts), $none, 'not mounted');
is(quota_of($proc => "0::/\n", $mounts => $version_2), $none, 'no cpu.max');
is(quota_of($proc => "0::/\n", $mounts => $other_mounts . $version_2, "$groups/cpu.max" => "150000 100000\n"),
    2, 'docker, version 2, behind a very long line');
is(quota_of($proc => "0::/\n", $mounts => $version_2, "$groups/cpu.max" => "max 100000\n"),
    $none, 'docker, version 2, no limit');
is( quota_of(
        $proc   => "12:pids:/docker/4a5f\n4:cpu,cpuacct:/docker/4a5f\n1:name=systemd:/docker/4a5f\n",
        $mounts => $other_mounts
            . "33 31 0:30 /docker/4a5f /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
            . "34 31 0:31 /docker/4a5f /sys/fs/cgroup/pids ro,nosuid - cgroup cgroup rw,pids\n",
        version_1('', 250000, 100000),
    ),
    3, 'docker, version 1'
);
is( quota_of($proc => "4:cpu,cpuacct:/kubepods/burstable/pod1/4a5f\n", $mounts => $cpu,
        version_1('', -1, 100000), version_1('/kubepods', 1600000, 100000),
        version_1('/kubepods/burstable', -1, 100000), version_1('/kubepods/burstable/pod1', 200000, 100000),
        version_1('/kubepods/burstable/pod1/4a5f', 400000, 100000)),
    2, 'kubernetes on the host, version 1: the pod allows less than the container'
);
is( quota_of($proc => "0::/kubepods.slice/pod1.slice/cri-4a5f.scope\n", $mounts => $version_2,
        "$groups/kubepods.slice/cpu.max" => "800000 100000\n",
        "$groups/kubepods.slice/pod1.slice/cpu.max" => "max 100000\n",
        "$groups/kubepods.slice/pod1.slice/cri-4a5f.scope/cpu.max" => "900000 100000\n"),
    8, 'version 2: the smallest of all ancestors'
);
is( quota_of($proc => "0::/user.slice/user-0.slice/session-1.scope\n", $mounts => $version_2,
        "$groups/user.slice/cpu.max" => "10000 20000\n",
        "$groups/user.slice/user-0.slice/session-1.scope/cpu.max" => "max 100000\n"),
    1, 'systemd: half a CPU, two slices up, with a folder between that says nothing'
);
is( quota_of($proc => "0::/gone (deleted)\n", $mounts => $version_2, "$groups/cpu.max" => "300000 100000\n"),
    3, 'a group that was removed: its ancestors count'
);
is( quota_of($proc => "0::/\n", $mounts => $version_2 =~ s{0:30 /}{0:30 /../..}r, "$groups/cpu.max" => "300000 100000\n"),
    3, 'a namespace below the mount: what is mounted is an ancestor'
);
is( quota_of($proc => "0::/../other\n", $mounts => $version_2, "$groups/cpu.max" => "300000 100000\n"),
    $none, 'a process outside of its namespace: what is mounted is no ancestor'
);
is( quota_of(
        $proc   => "4:cpu,cpuacct:/x\n0::/x\n",
        $mounts => $cpu . "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        version_1('/x', 200000, 100000)
    ),
    2, 'hybrid: the controller belongs to version 1'
);
is( quota_of(
        $proc   => "3:cpuset:/x\n0::/x\n",
        $mounts => "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        "$groups/unified/x/cpu.max" => "700000 100000\n"
    ),
    7, 'hybrid: the controller belongs to version 2'
);
is( quota_of(
        $proc   => "0::/a\n",
        $mounts => $version_2 . "50 1 0:30 /b /other rw - cgroup2 cgroup2 rw\n51 1 0:30 / /host rw - cgroup2 cgroup2 rw\n",
        "$groups/a/cpu.max" => "900000 100000\n", '/other/cpu.max' => "100000 100000\n",
        '/host/a/cpu.max' => "800000 100000\n"
    ),
    8, 'several mounts: a sibling\'s does not count'
);
is( quota_of($proc => "0::/a\n", $mounts => "35 24 0:30 / /sys/fs/cg\\040roup rw - cgroup2 cgroup rw\n",
        '/sys/fs/cg roup/a/cpu.max' => "500000 100000\n"),
    5, 'a mount point with a space'
);
is( quota_of($proc => "0::/" . 'x' x 3000 . "\n0::/a\n", $mounts => $version_2, "$groups/a/cpu.max" => "500000 100000\n"),
    5, 'a line that is too long is left out'
);
is( quota_of($proc => "\0\n\n:::\n0::/a", $mounts => "\0\0\n" . $version_2, "$groups/cpu.max" => "1 0\n"),
    $none, 'garbage'
);
is( quota_of($proc => "4:cpu,cpuacct:/\n", $mounts => $cpu, version_1('', 50000, 0)), $none, 'a period of 0');

is(quota_of($proc => "4:cpu,cpuacct:/x\n", $mounts => $version_2, "$groups/cpu.max" => "300000 100000\n"),
    $none, 'a process in version 1 alone, and version 2 mounted');

# Paths have 2,048 bytes of room.
my $long_name = join '', ('/' . 'x' x 200) x 5;
my $long_point = "$groups$long_name/" . 'y' x 100;
is( quota_of($proc => "0::$long_name\n", $mounts => $version_2 =~ s/$groups/$long_point/r,
        "$long_point/cpu.max" => "300000 100000\n"),
    3, 'a group whose path has no room: the mount\'s root counts'
);
# ---- a real one

my $cpus = run_child('sched/children/quota', arguments => ['count'])->{output} =~ /(\d+)/ ? $1 : 0;
SKIP: {
    skip 'an emulator has threads of its own', 1 if $ENV{KEEL_EMULATOR};
    my $group = ControlGroup->new(50_000, 100_000);
    skip 'no control group with a quota can be made here', 1 if !$group;
    for my $way (qw(count late busy)) {
        my $child = $group->inside(sub { run_child('sched/children/quota', arguments => [$way], seconds => 60) });
        is($child->{status}, 0, "half a CPU, $way: ends");
        like($child->{output}, qr/^workers 1$/m, '  one worker');
        next if $way eq 'count' || $cpus < 2;
        like($child->{output}, qr/^ended 100$/m,  '  all tasks run') or diag($child->{output});
        like($child->{output}, qr/^threads 1$/m, '  the second worker has retired');
    }
    if ($cpus >= 2) {
        my $dead = $group->inside(sub { run_child('sched/children/quota', arguments => ['dead']) });
        is($dead->{status}, 2, 'half a CPU: a deadlock that the retiring worker leaves is found');
        like($dead->{errors}, qr/deadlock: all tasks are asleep \(1\)/, '  and reported');
        my $timer = $group->inside(sub { run_child('sched/children/quota', arguments => ['timer']) });
        is($timer->{output}, "threads 1\n", '  a sleeping task that it leaves wakes')
            or diag("status $timer->{status}, signal $timer->{signal}");
        my $memory = $group->inside(sub { run_child('sched/children/quota', arguments => ['memory']) });
        my ($threads, $given) = $memory->{output} =~ /threads (\d)\nMiB given back (\d+)/;
        is($threads, 1, '  it retires with much memory in use');
        cmp_ok($given, '>', 30, '  which goes back when it is freed');
        my $kept = $group->inside(sub { run_child('sched/children/quota', arguments => ['kept']) });
        my ($left, $free, $descriptors) = $kept->{output} =~ /threads (\d)\nstacks free (\d)\ndescriptors (\d+)/;
        is($left, 1, '  it retires with stacks and descriptors for later');
        is($free, 1, '  all stacks can be had');
        cmp_ok($descriptors, '>', 300, '  and the descriptors of its slab');
    }
    my $child = $group->inside(
        sub { run_child('sched/children/quota', arguments => ['count'], environment => { KEEL_WORKERS => 3 }) });
    is($child->{output}, "workers 3\n", 'KEEL_WORKERS overrides the quota');
    SKIP: {
        skip 'needs two CPUs', 1 if $cpus < 2;
        my $wide = ControlGroup->new(150_000, 100_000);
        $child = $wide->inside(sub { run_child('sched/children/quota', arguments => ['count']) });
        is($child->{output}, "workers 2\n", 'one and a half are two');
    }
}

done_testing();
