package BenchStacks::Peers;

# The programs of the benchmark of parked tasks, how each is built (Bench::Programs says what a row of that table
# holds), and its subjects: a kind of tasks of one program.
use strict;
use warnings;
use Bench::Programs;

my $keel = '{cc} -I. -Iinclude -Iarch/x86_64 -Iarch/generic -Iarch/x86_64/include -std=gnu11 -O2 -g -Wall -Wextra'
    . ' -Wshadow -Wconversion -ffreestanding -nostdlib -static -fno-stack-protector -Wl,-T,linker.ld'
    . ' -Wl,--build-id=none -Wl,-z,noexecstack -o {} bench/stacks/keel/park.c %s -L{folder} -lcsruntime';

# The shipped library, of which some calls lead to a file of the benchmark's.
sub _with {
    my ($file, @functions) = @_;
    return sprintf $keel, join ' ', "bench/stacks/keel/$file", map { "-Wl,--wrap=keel__$_" } @functions;
}

my @programs = (
    { name => 'keel', build => sprintf($keel, '') },
    { name => 'keel-unguarded', build => _with('unguarded.c', qw(page_guard_error page_is_guarded page_protect)) },
    { name => 'keel-older',     build => _with('older_kernel.c', 'page_guard_error') },
    { name => 'go', title => 'Go', needs => [ go => 'golang-go' ], build => 'go build -o {} bench/stacks/go/park.go' },
    { name => 'tokio', title => 'Tokio', needs => [ Bench::Programs::crate('tokio') ], cargo => 1 },
    {
        name  => 'boost',
        title => 'Boost.Fiber',
        needs => [ '{c++}' => 'g++', '/usr/include/boost/fiber/all.hpp' => 'libboost-fiber-dev' ],
        build => '{c++} -std=c++17 -O2 -Wall -Wextra -o {} bench/stacks/boost/park.cpp'
            . ' -lboost_fiber -lboost_context -pthread',
    },
);
$_->{ours} = 1, $_->{title} = 'Keel' for @programs[ 0 .. 2 ];

# name; program and kind of tasks in it; title; what guards the stacks; an upper bound of the bytes that a task takes.
# is_million: it stands in the table of a million tasks. is_guard: in the one of guards. has_one_thread: whatever the workers.
# A kind that its program does not have is left out.
my @subjects = (
    {
        name => 'keel', program => 'keel', kind => 'default', title => 'Keel',
        guard => 'marks in the page table', bytes => 6000, is_million => 1, is_guard => 1, is_dumped => 1,
    },
    {
        name => 'keel-packed', program => 'keel', kind => 'packed', title => 'Keel, packed 1 KiB',
        guard => 'a canary', bytes => 2000, is_million => 1,
    },
    {
        name => 'keel-shelved', program => 'keel', kind => 'shelved', title => 'Keel, shelved',
        guard => 'marks in the page table', bytes => 6000, is_million => 1,
    },
    {
        name => 'keel-unguarded', program => 'keel-unguarded', kind => 'default', title => 'Keel, guards switched off',
        guard => 'none', bytes => 6000, is_guard => 1,
    },
    {
        name => 'keel-older', program => 'keel-older', kind => 'default', title => 'Keel, as before Linux 6.13',
        guard => 'a mapping each (mprotect)', bytes => 6000, is_guard => 1,
    },
    {
        name => 'go', program => 'go', kind => 'default', title => 'Go', guard => 'none: each call asks',
        bytes => 3500, is_million => 1,
    },
    {
        name => 'tokio', program => 'tokio', kind => 'default', title => 'Tokio', guard => 'no stacks',
        bytes => 1000, is_million => 1,
    },
    {
        name => 'boost', program => 'boost', kind => 'default', title => 'Boost.Fiber, fixedsize_stack',
        guard => 'none', bytes => 10000, is_million => 1, is_guard => 1, has_one_thread => 1, is_dumped => 1,
    },
    {
        name => 'boost-guarded', program => 'boost', kind => 'guarded', title => 'Boost.Fiber, protected_fixedsize_stack',
        guard => 'a mapping each (mprotect)', bytes => 10000, is_guard => 1, has_one_thread => 1,
    },
);

sub names {
    return map { $_->{name} } @subjects;
}

# The subjects of these names whose programs could be built, in the table's order; each with {path}, its program.
sub build_all {
    my ($setting, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    my @chosen = grep { $wanted{ $_->{name} } } @subjects;
    my %needed = map { $_->{program} => 1 } @chosen;
    my %mine   = (tool => 'tools/bench-stacks', bench => 'stacks', list => 'kinds', table_file => __FILE__);
    my %built  = map { $_->{name} => $_ } Bench::Programs::build_all({ %mine, %$setting }, grep { $needed{ $_->{name} } } @programs);
    my @there;
    for my $subject (@chosen) {
        my $program = $built{ $subject->{program} } or next;
        push @there, { %$subject, path => $program->{program} } if $program->{has}{ $subject->{kind} };
    }
    return @there;
}

# Of a list of subjects, for Bench::Programs::versions.
sub programs_of {
    my (@chosen) = @_;
    my %needed = map { $_->{program} => 1 } @chosen;
    return grep { $needed{ $_->{name} } } @programs;
}

1;
