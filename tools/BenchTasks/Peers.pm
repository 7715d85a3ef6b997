package BenchTasks::Peers;

# The programs of the task benchmark: Keel's and its peers', how each is built, what it needs, which rows
# it has. A peer whose packages are missing is skipped with one line that says so.
use strict;
use warnings;
use File::Path qw(make_path);

my $registry = '/usr/share/cargo/registry';

# Name, title, what must be there (commands and files; each with its package), how it is built: {} is the
# output, {folder} where libcsruntime.a lies. {cc}, {c++}: the compilers. C and C++ are compiled at -O3, as
# cargo's release profile compiles Rust: at gcc's -O2 saxpy has no vector instructions, at -O3 everyone's has.
my $keel = '{cc} -I. -Iinclude -std=gnu11 -O3 -g -Wall -Wextra -Wshadow -Wconversion -ffreestanding -nostdlib -static -fno-stack-protector'
    . ' -Wl,-T,linker.ld -Wl,--build-id=none -Wl,-z,noexecstack -o {} bench/tasks/keel/*.c -L{folder} -lcsruntime';
my $hosted = '{c++} -std=c++17 -O3 -Wall -Wextra -o {}';
my @all    = (
    { name => 'keel', title => 'Keel', build => $keel },
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
        needs => [ cargo => 'cargo', "$registry/tokio-[0-9]*" => 'librust-tokio-dev' ],
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
        needs => [ cargo => 'cargo', "$registry/rayon-[0-9]*" => 'librust-rayon-dev' ],
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

# The peers of these names that could be built, each with {program} and {rows}, a hash.
sub build_all {
    my ($setting, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    my @built;
    for my $peer (grep { $wanted{ $_->{name} } } @all) {
        if (my $reason = _missing($peer, $setting)) {
            print "skipped: $peer->{title} ($reason)\n";
        } elsif (!_build($peer, $setting)) {
            die "tools/bench-tasks: bench/tasks/keel does not build\n" if $peer->{name} eq 'keel';
            print "skipped: $peer->{title} (it does not build)\n";
        } else {
            push @built, { %$peer, rows => { _rows_of($peer) } };
        }
    }
    return @built;
}

sub command {
    my ($name) = @_;
    my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH} // '';
    return $path;
}

sub _filled {
    my ($text, $setting) = @_;
    return $text =~ s/\{(cc|c\+\+|folder)\}/$setting->{$1}/gr;
}

# Which packages would have to be installed; nothing when all are there.
sub _missing {
    my ($peer, $setting) = @_;
    my @packages;
    my @needs = @{ $peer->{needs} // [] };
    while (my ($thing, $package) = splice @needs, 0, 2) {
        $thing = (split ' ', _filled($thing, $setting))[0];
        my @found = $thing =~ m{^/} ? glob $thing : command($thing);
        push @packages, $package if !grep { defined && -e } @found;
    }
    return @packages ? "apt-get install @packages" : '';
}

sub _newest {
    my (@paths) = @_;
    my ($newest) = sort { $b <=> $a } map { (stat)[9] // 0 } @paths;
    return $newest // 0;
}

# Compiled anew only when its sources are newer; ours always, for the library may be.
sub _build {
    my ($peer, $setting) = @_;
    my $folder = 'bench/tasks/' . ($peer->{folder} // $peer->{name});
    $peer->{program} = "$setting->{work}/$peer->{name}";
    my @sources = (glob('bench/tasks/*.h* bench/tasks/*.rs'), glob("$folder/* $folder/src/*"), __FILE__);
    return 1
        if $peer->{name} ne 'keel' && -x $peer->{program} && _newest($peer->{program}) > _newest(@sources);
    return _build_by_cargo($peer, $setting, $folder) if $peer->{cargo};
    return _run(_filled($peer->{build}, $setting) =~ s/\{\}/'$peer->{program}'/r, $setting);
}

# In a copy, because cargo writes beside the sources, with what it shares beside the copy; offline, from what Debian's packages installed.
sub _build_by_cargo {
    my ($peer, $setting, $folder) = @_;
    my $copy = "$peer->{program}-source";
    make_path($copy);
    my $options = q{--config 'source.crates-io.replace-with="debian"' --config 'source.debian.directory="} . $registry . q{"'};
    my $build   = "cp bench/tasks/*.rs '$setting->{work}' && cp -r $folder/. '$copy' && cd '$copy' && %s $options build -q --release --offline"
        . " && cp target/release/bench-$peer->{name} '$peer->{program}'";
    return 1 if _run(sprintf($build, 'cargo'), $setting);
    # A cargo of one's own may be too new for the packages, or be a stub without a compiler.
    return -x '/usr/bin/cargo' && _run(sprintf($build, 'PATH=/usr/bin:$PATH cargo'), $setting);
}

# Without a network: Go uses its own packages only.
sub _run {
    my ($build, $setting) = @_;
    local %ENV = (
        %ENV, GO111MODULE => 'off', GOFLAGS => '', GOPROXY => 'off', CGO_ENABLED => 0,
        GOCACHE => "$setting->{work}/go-cache",
    );
    my $said = `($build) 2>&1`;
    return 1 if $? == 0;
    print STDERR "$build\n$said";
    return 0;
}

sub _rows_of {
    my ($peer) = @_;
    my @lines = split /\n/, `'$peer->{program}' rows`;
    print "skipped: $peer->{title} $_\n" for grep { /^without / } @lines;
    return map { $_ => 1 } grep { !/^without / } @lines;
}

# "Go 1.19.8": of those that were built.
sub versions {
    my ($setting, @peers) = @_;
    my %built  = map { $_->{name} => 1 } @peers;
    my @said   = ('Keel by ' . _first_line("$setting->{cc} --version"));
    my $header = sub {
        my ($file, $name) = @_;
        return (`printf '#include <%s>\\n%s\\n' $file $name | $setting->{'c++'} -E -P -x c++ - 2>/dev/null` =~ /(\S+)\s*\z/)[0] // '?';
    };
    my $crate = sub {
        my ($name) = @_;
        my $lock = "$setting->{work}/$name-source/Cargo.lock";
        return (`cat '$lock' 2>/dev/null` =~ /name = "$name"\nversion = "([^"]+)"/)[0] // '?';
    };
    push @said, (_first_line('go version') =~ /go(\d\S*)/ ? "Go $1" : 'Go') if $built{go};
    push @said, 'Boost ' . $header->('boost/version.hpp', 'BOOST_LIB_VERSION') =~ tr/"_/ ./r =~ s/ //gr if $built{boost};
    push @said, 'oneTBB ' . join '.', map { $header->('tbb/version.h', "TBB_VERSION_$_") } qw(MAJOR MINOR) if $built{tbb};
    push @said, "OpenMP by " . _first_line('g++ --version') if $built{openmp};
    push @said, "$_ " . $crate->($_) for grep { $built{$_} } qw(tokio rayon);
    push @said, 'by ' . _first_line('rustc --version') =~ s/ \(.*//r if $built{tokio} || $built{rayon};
    return join ', ', @said;
}

sub _first_line {
    my ($command) = @_;
    return (split /\n/, `$command 2>/dev/null` // '')[0] // 'unknown';
}

1;
