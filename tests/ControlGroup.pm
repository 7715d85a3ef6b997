package ControlGroup;

# A control group with a CPU quota, where the machine lets us make one: of version 2 when its root
# hands the controller `cpu` on, else of version 1. It is removed when the object goes.
use strict;
use warnings;
use POSIX ();

# ControlGroup->new(quota, period), in microseconds; undef when it cannot be made.
sub new {
    my ($class, $quota, $period) = @_;
    for my $mount (mounts()) {
        # What a test left that was killed.
        rmdir for grep { /-(\d+)-\d+\z/ && !kill 0, $1 } glob "$mount->{point}/keel-test-*";
        my $folder = "$mount->{point}/keel-test-$$-" . ++our $count;
        next if !mkdir $folder;
        my $group = bless { folder => $folder, before => "$mount->{point}$mount->{group}", owner => $$ },
            $class;
        return $group if $mount->{version} == 2
            ? put("$folder/cpu.max", "$quota $period")
            : put("$folder/cpu.cfs_period_us", $period) && put("$folder/cpu.cfs_quota_us", $quota);
    }
    return;
}

# Runs the function, in list context, with this process inside of the group, and returns what it returns.
sub inside {
    my ($group, $function) = @_;
    my $before = $group->{before};
    put("$group->{folder}/cgroup.procs", $$) or die "cannot enter $group->{folder}: $!\n";
    my @result = eval { $function->() };
    my $error  = $@;
    put("$before/cgroup.procs", $$) or die "cannot leave $group->{folder}: $!\n";
    die $error if $error;
    return wantarray ? @result : $result[0];
}

sub DESTROY {
    my ($group) = @_;
    return if $$ != $group->{owner};
    # The processes that were in it may still be going.
    for (1 .. 100) {
        return if rmdir $group->{folder};
        select undef, undef, undef, 0.02;
    }
}

# Only mounts of a hierarchy's root: below it lies the group to which the process goes back.
sub mounts {
    open my $groups, '<', '/proc/self/cgroup' or return;
    my %group = map { /^\d+:(\S*?):(.*)/ ? map { ($_ => $2) } split(/,/, $1, -1), (length $1 ? () : '') : () } <$groups>;
    open my $file, '<', '/proc/self/mountinfo' or return;
    my @found;
    while (<$file>) {
        my (undef, undef, undef, $root, $point, $rest) = split ' ', $_, 6;
        my ($type, $options) = $rest =~ / - (cgroup2?) \S+ (\S+)/ or next;
        next if $root ne '/';
        push @found, { version => 2, point => $point, group => $group{''} }
            if $type eq 'cgroup2' && hands_on($point);
        push @found, { version => 1, point => $point, group => $group{cpu} }
            if $type eq 'cgroup' && $options =~ /(?:^|,)cpu(?:,|$)/;
    }
    return @found;
}

sub hands_on {
    my ($point) = @_;
    open my $file, '<', "$point/cgroup.subtree_control" or return;
    return (<$file> // '') =~ /\bcpu\b/;
}

sub put {
    my ($path, $text) = @_;
    open my $file, '>', $path or return;
    print $file $text;
    return close $file;
}

1;
