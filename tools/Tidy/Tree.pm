package Tidy::Tree;

# The tree that tools/tidy looks at: its files, their text with and without comments, what C files
# define, and the places where a check found something.
use strict;
use warnings;
use File::Find qw(find);

# The rooms, from the bottom up: a file includes headers of rooms before its own, and of its own. Each
# with the header that is its door, and the prefixes of the names that it may define.
our @ROOMS = (
    { name => 'arch', door => 'arch/arch.h', prefixes => [qw(arch_ machine_ keel_machine_ wide_divide _start keel_start)] },
    { name => 'abi', door => 'abi/abi.h', prefixes => [qw(abi_)] },
    {
        name     => 'base',
        door     => 'base/base.h',
        prefixes => [
            qw(file_ lock_ list_ thread_block process line_ panic_ output_ clock_ vdso_ options_ round_ atomic_ wide_divide)
        ]
    },
    { name => 'boot', door => 'boot/boot.h', prefixes => [qw(boot_ keel_)] },
    { name => 'mem', door => 'mem/mem.h', prefixes => [qw(mem_ page_ keel_)] },
    {
        name     => 'backtrace',
        door     => 'backtrace/backtrace.h',
        prefixes => [
            qw(backtrace_ code_ dwarf_ expression_ image_ probe_ reader_ rules_ table_ keel_)
        ]
    },
    { name => 'signal', door => 'signal/signal.h', prefixes => [qw(signal_ keel_)] },
    { name => 'sched', door => 'sched/sched.h', prefixes => [qw(sched_ deque_ ring_ queue_ fork_ foreign_ wheel_ keel_)] },
    { name => 'chan', door => 'chan/chan.h', prefixes => [qw(chan_ keel_)] },
    { name => 'lang', door => 'lang/coolscript/coolscript.h', prefixes => [qw(cs_)] },
);

sub new {
    my ($class, %self) = @_;
    my $self = bless { %self, places => [], files => {} }, $class;
    for my $path ($self->_list) {
        $self->{files}{$path} = { path => $path };
    }
    return $self;
}

sub _list {
    my ($self) = @_;
    my $root = $self->{root};
    if (-e "$root/.git") {
        my @paths = split /\0/, qx(cd '$root' && git ls-files -z --cached --others --exclude-standard);
        return grep { -f "$root/$_" && !-l "$root/$_" } @paths;
    }
    my @paths;
    find(
        {
            no_chdir => 1,
            wanted   => sub {
                $File::Find::prune = 1 if /\/(?:\.git|build)$/;
                push @paths, substr($_, length($root) + 1) if -f && !-l;
            }
        },
        $root
    );
    return sort @paths;
}

# The paths, all or those that match.
sub files {
    my ($self, $pattern) = @_;
    return grep { !defined $pattern || /$pattern/ } sort keys %{ $self->{files} };
}

sub has {
    my ($self, $path) = @_;
    return exists $self->{files}{$path};
}

# C and assembly of the library and its public headers.
sub library {
    my ($self) = @_;
    my $rooms = join '|', map { $_->{name} } @ROOMS;
    return $self->files(qr{^(?:$rooms|include)/.*\.(?:[chS]|tbl)$});
}

# Everything in C or assembly, tests and all.
sub sources {
    my ($self) = @_;
    return $self->files(qr{\.(?:[chS]|tbl)$});
}

# The number of the room that the path lies in, from the bottom; undef when in none.
sub room {
    my ($self, $path) = @_;
    for my $i (0 .. $#ROOMS) {
        return $i if $path =~ m{^$ROOMS[$i]{name}/};
    }
    return;
}

sub text {
    my ($self, $path) = @_;
    my $file = $self->{files}{$path};
    if (!defined $file->{text}) {
        open my $handle, '<:raw', "$self->{root}/$path" or die "$path: $!\n";
        local $/;
        $file->{text} = <$handle> // '';
        utf8::decode($file->{text});
    }
    return $file->{text};
}

sub lines {
    my ($self, $path) = @_;
    my $file = $self->{files}{$path};
    $file->{lines} //= [ split /\n/, $self->text($path) ];
    return @{ $file->{lines} };
}

# The lines without comments, and with empty strings, which keep their length.
sub code {
    my ($self, $path) = @_;
    my $file = $self->{files}{$path};
    $self->_split($file) if !defined $file->{code};
    return @{ $file->{code} };
}

# The lines' comments alone.
sub comments {
    my ($self, $path) = @_;
    my $file = $self->{files}{$path};
    $self->_split($file) if !defined $file->{comments};
    return @{ $file->{comments} };
}

sub _split {
    my ($self, $file) = @_;
    my ($code, $comments) = ('', '');
    my $text = $self->text($file->{path});
    while ($text =~ m{\G(?:(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(.))}gs) {
        if (defined $1) {
            $comments .= $1;
            $code     .= $1 =~ tr/\n/ /cr;
        } elsif (defined $2) {
            $code     .= substr($2, 0, 1) . ' ' x (length($2) - 2) . substr($2, -1);
            $comments .= ' ' x length $2;
        } else {
            $code     .= $3;
            $comments .= $3 eq "\n" ? "\n" : ' ';
        }
    }
    $file->{code}     = [ split /\n/, $code ];
    $file->{comments} = [ split /\n/, $comments ];
}

# The functions that a C file defines: { name, first, open, last }, lines counted from 0; `first` is
# where the declarator begins. clang-format puts their braces, and no others, at a line's beginning.
sub functions {
    my ($self, $path) = @_;
    my $file = $self->{files}{$path};
    return @{ $file->{functions} } if $file->{functions};
    my @code = $self->code($path);
    my @functions;
    for my $open (grep { $code[$_] =~ /^\{\s*$/ } 0 .. $#code) {
        my $first = $open;
        $first-- while $first > 0 && $code[ $first - 1 ] =~ /\S/ && $code[ $first - 1 ] !~ /^[}#]|[;}]\s*$/;
        my $head = join ' ', @code[ $first .. $open - 1 ];
        $head =~ s/__attribute__\s*\(\(.*?\)\)//g;
        my ($name) = $head =~ /(\w+)\s*\(/ or next;
        my $last = $open;
        $last++ while $last < $#code && $code[$last] !~ /^\}/;
        push @functions,
            { name => $name, first => $first, open => $open, last => $last, is_static => scalar($head =~ /\bstatic\b/) };
    }
    $file->{functions} = \@functions;
    return @functions;
}

# ---- what was found

sub begin {
    my ($self, $check) = @_;
    $self->{check} = $check;
}

# `line` is counted from 0.
sub found {
    my ($self, $path, $line, $text) = @_;
    push @{ $self->{places} }, sprintf '%s:%d: %s: %s', $path, $line + 1, $self->{check}, $text;
}

sub places {
    my ($self) = @_;
    return @{ $self->{places} };
}

1;
