package Bench::Programs;

# The programs of a benchmark: Keel's and its peers', how each is built, what it needs, what it has to run.
# A peer whose packages are missing is skipped with one line that says so. What is built stands in a table of the
# benchmark; of each: name, title, what must be there (needs: commands and files, each with its package), how
# it is built (build: {} is the output, {folder} where libcsruntime.a lies, {cc}, {c++} the compilers; or cargo: 1),
# folder (where not named as it is), ours (1: the library is part of it, so it is always built).
#
# A setting has folder, work, cc, c++, source, and: tool (who speaks), bench (bench/WHAT, the sources), list (what
# a program is asked to print what it has).
use strict;
use warnings;
use File::Path qw(make_path);

my $registry = '/usr/share/cargo/registry';

# What rows of such a table need of Debian's packages of crates.
sub crate {
    my ($name) = @_;
    return (cargo => 'cargo', "$registry/$name-[0-9]*" => "librust-$name-dev");
}

# Those of the table that could be built, each with {program} and {has}, a hash.
sub build_all {
    my ($setting, @table) = @_;
    my @built;
    for my $peer (@table) {
        if (my $reason = _missing($peer, $setting)) {
            print "skipped: $peer->{title} ($reason)\n";
        } elsif (!_build($peer, $setting)) {
            die "$setting->{tool}: bench/$setting->{bench}/$peer->{name} does not build\n" if $peer->{ours};
            print "skipped: $peer->{title} (it does not build)\n";
        } else {
            push @built, { %$peer, has => { _what_it_has($peer, $setting) } };
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
    my $shared = "bench/$setting->{bench}";
    my $folder = "$shared/" . ($peer->{folder} // $peer->{name});
    $peer->{program} = "$setting->{work}/$peer->{name}";
    my @sources = (glob("$shared/*.h* $shared/*.rs"), glob("$folder/* $folder/src/*"), __FILE__, $setting->{table_file});
    return 1
        if !$peer->{ours} && -x $peer->{program} && _newest($peer->{program}) > _newest(@sources);
    return _build_by_cargo($peer, $setting, $folder, glob "$shared/*.rs") if $peer->{cargo};
    return _run(_filled($peer->{build}, $setting) =~ s/\{\}/'$peer->{program}'/r, $setting);
}

# In a copy, because cargo writes beside the sources, with what it shares beside the copy; offline, from what Debian's packages installed.
sub _build_by_cargo {
    my ($peer, $setting, $folder, @shared) = @_;
    my $copy = "$peer->{program}-source";
    make_path($copy);
    my $options = q{--config 'source.crates-io.replace-with="debian"' --config 'source.debian.directory="} . $registry . q{"'};
    my $share   = @shared ? "cp @shared '$setting->{work}' && " : '';
    my $build   = "${share}cp -r $folder/. '$copy' && cd '$copy' && %s $options build -q --release --offline"
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

sub _what_it_has {
    my ($peer, $setting) = @_;
    my @lines = split /\n/, `'$peer->{program}' $setting->{list}`;
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
