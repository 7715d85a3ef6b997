package BenchTasks::Peers;

# The programs of the task benchmark: Keel's and its peers', how each is built, what it needs.
# (Bench::Programs says what a row of the table holds.)
use strict;
use warnings;
use Bench::Programs;

# C and C++ are compiled at -O3, as cargo's release profile compiles Rust: at gcc's -O2 saxpy has no vector
# instructions, at -O3 everyone's has.
my $keel = '{cc} -I. -Iinclude -std=gnu11 -O3 -g -Wall -Wextra -Wshadow -Wconversion -ffreestanding -nostdlib -static -fno-stack-protector'
    . ' -Wl,-T,linker.ld -Wl,--build-id=none -Wl,-z,noexecstack -o {} bench/tasks/keel/*.c -L{folder} -lcsruntime';
my $hosted = '{c++} -std=c++17 -O3 -Wall -Wextra -o {}';
my @all    = (
    { name => 'keel', title => 'Keel', build => $keel, ours => 1 },
    {
        name  => 'go',
        title => 'Go',
        needs => [ go => 'golang-go' ],
        build => 'go build -o {} bench/tasks/go/*.go',
    },
    {
        name  => 'boost',
        title => 'Boost.Fiber',
        needs => [ '{c++}' => 'g++', '/usr/include/boost/fiber/all.hpp' => 'libboost-fiber-dev' ],
        build => "$hosted bench/tasks/boost/*.cpp -lboost_fiber -lboost_context -pthread",
    },
    {
        name  => 'tokio',
        title => 'Tokio',
        needs => [ Bench::Programs::crate('tokio') ],
        cargo => 1,
    },
    {
        name  => 'tbb',
        title => 'oneTBB',
        needs => [ '{c++}' => 'g++', '/usr/include/tbb/task_group.h' => 'libtbb-dev' ],
        build => "$hosted bench/tasks/tbb/*.cpp -ltbb",
    },
    {
        name  => 'rayon',
        title => 'rayon',
        needs => [ Bench::Programs::crate('rayon') ],
        cargo => 1,
    },
    {
        name   => 'openmp',
        title  => 'OpenMP',
        needs  => [ 'g++' => 'g++' ],
        build  => "$hosted -fopenmp bench/tasks/openmp/*.cpp" =~ s/\{c\+\+\}/g++/r,
    },
    {
        name   => 'openmp-share',
        title  => 'OpenMP, static',
        folder => 'openmp',
        needs  => [ 'g++' => 'g++' ],
        build  => "$hosted -fopenmp -DBY_SHARE bench/tasks/openmp/*.cpp" =~ s/\{c\+\+\}/g++/r,
    },
    {
        name  => 'serial',
        title => 'serial C',
        needs => [ '{c++}' => 'g++' ],
        build => "$hosted bench/tasks/serial/*.cpp",
    },
);

sub names {
    return map { $_->{name} } @all;
}

# The peers of these names that could be built, each with {program} and {has}, its rows.
sub build_all {
    my ($setting, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    my %mine   = (tool => 'tools/bench-tasks', bench => 'tasks', list => 'rows', table_file => __FILE__);
    return Bench::Programs::build_all({ %mine, %$setting }, grep { $wanted{ $_->{name} } } @all);
}

1;
