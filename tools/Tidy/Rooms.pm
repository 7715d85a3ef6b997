package Tidy::Rooms;

# Checks of the rooms: who includes whom, where machine code lies, which names a room may define.
use strict;
use warnings;

sub checks {
    return (
        [ 'include-up'     => \&include_up ],
        [ 'machine'        => \&machine ],
        [ 'thread-local'   => \&thread_local ],
        [ 'door'           => \&door ],
        [ 'prefix'         => \&prefix ],
        [ 'stack-note'     => \&stack_note ],
        [ 'number'         => \&number ],
        [ 'unused-file'    => \&unused_file ],
    );
}

# The path that an #include "..." of a library file means; undef when it is no file of ours.
sub _resolve {
    my ($tree, $from, $name) = @_;
    my ($folder) = $from =~ m{^(.*/)};
    my @machines = map { m{^(arch/\w+/)machine/} } $tree->files(qr{^arch/\w+/machine/});
    for my $prefix ('', @machines, (map { "${_}include/" } @machines), 'include/', $folder // '') {
        return "$prefix$name" if $tree->has("$prefix$name");
    }
    return;
}

sub _check_order {
    my ($tree, $from, $line, $to) = @_;
    my $below = $tree->room($to);
    my $above = $tree->room($from);
    if ($from =~ m{^include/}) {
        $tree->found($from, $line, "a public header includes $to; only include/ is installed")
            if $to !~ m{^(?:arch/\w+/)?include/};
        return;
    }
    return if $to =~ m{^include/} || $from =~ m{^arch/} && $to =~ m{^arch/};
    if (!defined $below) {
        $tree->found($from, $line, "$to lies in no room of the library; a room includes rooms only");
    } elsif ($below > $above) {
        $tree->found($from, $line,
            "$to lies above; call up by a weak hook or a pointer handed down, or move what is common below");
    }
}

# By the #include lines; and, with --objects, by all that the compiler read for each object.
sub include_up {
    my ($tree) = @_;
    for my $path ($tree->library) {
        my @lines = $tree->lines($path);
        for my $i (0 .. $#lines) {
            my ($name) = $lines[$i] =~ /^\s*#\s*include\s+["<]([^">]+)[">]/ or next;
            my $to = _resolve($tree, $path, $name);
            if (defined $to) {
                _check_order($tree, $path, $i, $to);
            } elsif ($lines[$i] =~ /"/) {
                $tree->found($path, $i, "$name is no file of the tree; quote only our own headers");
            } elsif ($name !~ m{^(?:linux|asm)/|^std(?:bool|def|int|arg|atomic)\.h$}) {
                $tree->found($path, $i, "<$name> is neither the kernel's nor the bare compiler's; the library needs no other");
            }
        }
    }
    return if !defined $tree->{objects};
    my %reported = map { (/^([^:]+)/)[0] => 1 } $tree->places;
    for my $path (grep { /\.[cS]$/ && defined $tree->room($_) && !$reported{$_} } $tree->library) {
        my $list = "$tree->{objects}/" . $path =~ s/\.[cS]$/.d/r;
        open my $handle, '<', $list or next;
        local $/;
        my ($read) = <$handle> =~ /^[^:]+:((?:\\\n|[^\n])*)/ or next;
        $read =~ s/\\\n/ /g;
        $read =~ s{\./}{}g;
        for my $to (grep { $tree->has($_) && !m{/machine/} } split ' ', $read) {
            _check_order($tree, $path, 0, $to);
        }
    }
}

# Machines by the names that compilers define; tests/arch/ and tests/abi/ are the port's own.
my $machines = qr/__(?:x86_64|amd64|i386|aarch64|arm|riscv|SSE\w*|AVX\w*|ARM\w*|LP64|BYTE_ORDER)\w*/;

sub machine {
    my ($tree) = @_;
    for my $path (grep { !m{^(?:tests/)?arch/|^tests/abi/} } $tree->sources) {
        my @code = $tree->code($path);
        for my $i (0 .. $#code) {
            $tree->found($path, $i, 'inline assembly; give it a name in arch/')
                if $code[$i] =~ /\b(?:__asm__|__asm|asm)\b(?!\/)/ && $code[$i] !~ /#\s*include/;
            $tree->found($path, $i, 'asks for the machine; ask arch/ for what differs')
                if $code[$i] =~ /^\s*#\s*(?:el)?if.*\b$machines\b/;
            $tree->found($path, $i, 'a builtin of one machine; give it a name in arch/')
                if $code[$i] =~ /\b__builtin_(?:ia32|arm|aarch64|riscv)_/ || $code[$i] =~ /#\s*include\s+<\w*intrin\.h>/;
        }
        # What a benchmark compares with is its own, and so is what a hosted build stands on.
        $tree->found($path, 0, 'assembly outside arch/; move it there')
            if $path =~ /\.S$/ && $path !~ m{^bench/|^tests/coverage/support/};
    }
}

sub thread_local {
    my ($tree) = @_;
    for my $path ($tree->library) {
        my @code = $tree->code($path);
        for my $i (grep { $code[$_] =~ /\b(?:_Thread_local|__thread|thread_local)\b/ } 0 .. $#code) {
            $tree->found($path, $i, 'a thread-local variable; tasks move: use the thread block or the task');
        }
    }
}

# A room's own header says what may not enter. That every header has a first comment is head-comment's.
sub door {
    my ($tree) = @_;
    for my $room (@Tidy::Tree::ROOMS) {
        next if !$tree->files(qr{^$room->{name}/});
        if (!$tree->has($room->{door})) {
            $tree->found("$room->{name}/", 0, "the room has no $room->{door} that says what it is for");
            next;
        }
        my ($head) = $tree->text($room->{door}) =~ m{\A(/\*.*?\*/)}s;
        $head = ($head // '') =~ s/\n \*/ /gr;
        $tree->found($room->{door}, 0, "the head comment does not begin with '$room->{name}/'; say what the room is for")
            if $head !~ m{^/\*\s+$room->{name}/};
        $tree->found($room->{door}, 0, "the head comment does not say 'What may not enter'; say it")
            if $head !~ /What may\s+not\s+enter/;
    }
}

# What compilers and the ABI call by a name that is not ours to choose.
my $fixed = qr/^(?:_start|main|mem(?:cpy|move|set|cmp)|bcmp|strlen|__\w+)$/;

sub prefix {
    my ($tree) = @_;
    for my $path (grep { defined $tree->room($_) } $tree->library) {
        my $room    = $Tidy::Tree::ROOMS[ $tree->room($path) ];
        my $allowed = join '|', @{ $room->{prefixes} };
        # The strong definition of a lower room's hook keeps that room's name.
        my $names = qr/$fixed|^(?:$allowed)|_hook_/;
        if ($path =~ /\.S$/) {
            my @lines = $tree->lines($path);
            for my $i (0 .. $#lines) {
                my ($name) = $lines[$i] =~ /^FUNCTION\((\w+)\)|\.globl\s+(\w+)/ ? $1 // $2 : next;
                _prefix($tree, $path, $i, $name, $names, $allowed);
            }
            next;
        }
        for my $function ($tree->functions($path)) {
            next if $function->{is_static} && $path =~ /\.c$/;
            _prefix($tree, $path, $function->{first}, $function->{name}, $names, $allowed);
        }
    }
    _prefix_of_objects($tree) if defined $tree->{objects};
}

sub _prefix {
    my ($tree, $path, $line, $name, $names, $allowed) = @_;
    return if $name =~ $names;
    $tree->found($path, $line, "$name is seen everywhere; begin it with its room's name (" . join(', ', split /\|/, $allowed) . ') or make it static');
}

sub _prefix_of_objects {
    my ($tree) = @_;
    for my $path (grep { /\.c$/ && defined $tree->room($_) } $tree->library) {
        my $object = "$tree->{objects}/" . $path =~ s/\.c$/.o/r;
        next if !-e $object;
        my $allowed = join '|', @{ $Tidy::Tree::ROOMS[ $tree->room($path) ]{prefixes} };
        for my $line (qx(nm -g --defined-only '$object')) {
            my ($kind, $name) = $line =~ /^\S+ (\S) (\S+)$/ or next;
            next if $kind =~ /[tT]/;    # functions are found in the text, with their lines
            _prefix($tree, $path, 0, $name, qr/$fixed|^(?:$allowed)|_hook_|^$Tidy::Tree::ROOMS[$tree->room($path)]{name}$/, $allowed);
        }
    }
}

sub stack_note {
    my ($tree) = @_;
    for my $path ($tree->files(qr/\.S$/)) {
        my @lines = grep { /\S/ } $tree->lines($path);
        next if @lines && $lines[-1] =~ /^NO_EXECUTABLE_STACK$|\.note\.GNU-stack/;
        $tree->found($path, $#lines, 'no .note.GNU-stack, so the linker makes the stack executable; end the file by NO_EXECUTABLE_STACK');
    }
    return if !defined $tree->{objects};
    for my $path (grep { /\.[cS]$/ && defined $tree->room($_) } $tree->library) {
        my $object = "$tree->{objects}/" . $path =~ s/\.[cS]$/.o/r;
        next if !-e $object;
        my ($note) = grep { /\.note\.GNU-stack/ } qx(readelf -SW '$object');
        $tree->found($path, 0, 'its object has no .note.GNU-stack; the linker makes the stack executable') if !defined $note;
        $tree->found($path, 0, 'its object asks for an executable stack') if defined $note && $note =~ /PROGBITS(?:\s+[0-9a-f]+){4}\s+\w*X/;
    }
}

# Digits are made in one place: base/line.c.
sub number {
    my ($tree) = @_;
    for my $path (grep { $_ ne 'base/line.c' && !m{^(?:bench|examples|include)/} } $tree->files(qr/\.[ch]$/)) {
        my @lines = $tree->lines($path);
        my @code  = $tree->code($path);
        for my $i (0 .. $#code) {
            next if $code[$i] !~ /[%\/]=? *(?:10|16)u?\b/ || $lines[$i] !~ /'0'|0123456789/;
            $tree->found($path, $i, 'formats a number; use line_number, line_signed or line_hex');
        }
        for my $i (grep { $lines[$_] =~ /"0123456789(?:abcdef)?"\s*\[|'0' *\+|\+ *'0'/ } 0 .. $#lines) {
            $tree->found($path, $i, 'formats a number; use line_number, line_signed or line_hex');
        }
    }
}

# A file that nothing names: headers and tables by #include, tools and documents by name, programs of
# tests/*/children/ by the script that runs them.
sub unused_file {
    my ($tree) = @_;
    my %included;
    for my $path ($tree->sources) {
        for my $name ($tree->text($path) =~ /^\s*#\s*include\s+["<]([^">]+)[">]/mg) {
            $included{$name} = 1;
            $included{$name =~ s{.*/}{}r} = 1 if $name !~ m{/};
        }
    }
    for my $path ($tree->files(qr/\.(?:h|tbl)$/)) {
        next if $path =~ m{^include/(?:keel|runtime)\.h$|^lang/};
        my ($name) = $path =~ m{([^/]+)$};
        my $short = $path =~ s{^(?:include|arch/\w+(?:/include)?)/}{}r;
        $tree->found($path, 0, 'no file includes it; remove it') if !$included{$path} && !$included{$short} && !$included{$name};
    }
    my $all = join "\n", map { $tree->text($_) }
        grep { m{^(?:Makefile|\.ci/|tools/|.*\.(?:md|t|pm)$)} } $tree->files;
    for my $path ($tree->files(qr{^tests/[^/]+/children/\w+\.c$})) {
        my ($room, $name) = $path =~ m{^tests/([^/]+)/children/(\w+)\.c$};
        next if $room eq 'stress';    # tools/stress runs all that are there
        $tree->found($path, 0, 'no script runs it; name it in one, or remove it')
            if $all !~ /\b$name\b/;
    }
    for my $path ($tree->files(qr{^tools/[\w-]+$|^doc/.*\.md$})) {
        my ($name) = $path =~ m{([^/]+)$};
        my $users = join "\n", map { $tree->text($_) } grep { $_ ne $path && m{^(?:Makefile|\.ci/|tools/|tests/|.*\.md$)} } $tree->files;
        $tree->found($path, 0, 'nothing names it; name it where it is of use, or remove it') if index($users, $name) < 0;
    }
}

1;
