package Tidy::Code;

# Checks of C by its text: atomics and their comments, docstrings, declarations that nothing uses.
use strict;
use warnings;

sub checks {
    return (
        [ 'atomic-builtin'     => \&atomic_builtin ],
        [ 'atomic-order'       => \&atomic_order ],
        [ 'atomic-partner'     => \&atomic_partner ],
        [ 'docstring'          => \&docstring ],
        [ 'contract'           => \&contract ],
        [ 'unused-declaration' => \&unused_declaration ],
    );
}

sub atomic_builtin {
    my ($tree) = @_;
    for my $path (grep { $_ ne 'base/atomic.h' } $tree->sources) {
        my @code = $tree->code($path);
        for my $i (grep { $code[$_] =~ /\b(?:__atomic_\w+|__sync_\w+|_Atomic|stdatomic\.h|__ATOMIC_\w+)\b/ } 0 .. $#code) {
            $tree->found($path, $i, 'an atomic access outside base/atomic.h; use its macros');
        }
    }
}

my $orders = qr/\b(?:RELAXED|ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)\b/;

# Every use names its order, and a comment not far above, in the same function, the order and why; of
# an order that synchronises, the partner.
sub atomic_order {
    my ($tree) = @_;
    for my $path (grep { !m{^base/(?:atomic|alone)\.h$|^tests/} } $tree->files(qr/\.[ch]$/)) {
        my @code     = $tree->code($path);
        my @comments = $tree->comments($path);
        for my $i (grep { $code[$_] =~ /\batomic_\w+\(/ } 0 .. $#code) {
            my $end  = $i;
            my $call = $code[$i];
            $call .= $code[ ++$end ] while $end < $#code && _open($call) && $end < $i + 5;
            my ($order) = $call =~ /($orders)/;
            if (!defined $order) {
                $tree->found($path, $i, 'an atomic access without its order; name one of base/atomic.h');
                next;
            }
            my ($function) = grep { $_->{open} <= $i && $i <= $_->{last} } $tree->functions($path);
            my $from = $i - 12;
            $from = $function->{first} - 6 if defined $function && $function->{first} - 6 > $from;
            $from = 0 if $from < 0;
            my $near = join ' ', @comments[ $from .. ($end < $#comments ? $end : $#comments) ];
            if ($near !~ /\b$order\b/) {
                $tree->found($path, $i, "$order without a comment that says why; name the order and its partner above it");
            } elsif ($order ne 'RELAXED' && $near !~ /\b$order\b[^.]*?\b(?:with|as|keeps|publishes|frees|for|see|partner|step)\b/s) {
                $tree->found($path, $i, "$order without its partner; say in the comment which access it meets");
            }
        }
    }
}

# What each word of such a comment looks like in code.
my %access = (
    ACQUIRE            => qr/\b(?:ACQUIRE|ACQ_REL|SEQ_CST)\b/,
    RELEASE            => qr/\b(?:RELEASE|ACQ_REL|SEQ_CST)\b/,
    ACQ_REL            => qr/\bACQ_REL\b/,
    SEQ_CST            => qr/\bSEQ_CST\b/,
    fence              => qr/\batomic_fence(?:_shared)?\b/,
    'compare-and-swap' => qr/\batomic_compare_exchange(?:_shared)?\b/,
);

sub _open {
    my ($text) = @_;
    return ($text =~ tr/(//) > ($text =~ tr/)//);
}

# "With the RELEASE in <function>": there must be such a function, and such an access in it.
sub atomic_partner {
    my ($tree) = @_;
    my %body;
    for my $path (grep { !m{^tests/} } $tree->files(qr/\.[ch]$/)) {
        my @code = $tree->code($path);
        $body{ $_->{name} } .= join "\n", @code[ $_->{first} .. $_->{last} ] for $tree->functions($path);
    }
    for my $path (grep { !m{^tests/} } $tree->files(qr/\.[ch]$/)) {
        my $text = join "\n", $tree->comments($path);
        while ($text =~ /\b(ACQUIRE|RELEASE|ACQ_REL|SEQ_CST|fence|compare-and-swap)s?(?:\s+(?:\*\s+)?of\s+\w+)?\s+(?:\*\s+)?in\s+(?:\*\s+)?(\w+)/g) {
            my ($what, $where, $line) = ($1, $2, substr($text, 0, $-[0]) =~ tr/\n//);
            if (!defined $body{$where}) {
                $tree->found($path, $line, "names $where, which is no function; name the one with the $what")
                    if $where =~ /_|^[a-z]+$/ && $where !~ /^(?:the|each|this|its|step|b)$/;
            } elsif ($body{$where} !~ $access{$what}) {
                $tree->found($path, $line, "there is no $what in $where; name the function that has it");
            }
        }
    }
}

# A public function stands below a comment, or in a block of declarations, without an empty line
# between, that has one.
sub docstring {
    my ($tree) = @_;
    for my $path ($tree->files(qr{^include/.*\.h$})) {
        my @code  = $tree->code($path);
        my @lines = $tree->lines($path);
        my $depth = 0;
        for my $i (0 .. $#code) {
            my $is_outside = $depth <= 0 && $code[$i] =~ /^[A-Za-z]/;
            $depth += ($code[$i] =~ tr/{//) - ($code[$i] =~ tr/}//) if $code[$i] !~ /^extern/;
            next if !$is_outside || $code[$i] !~ /\b((?:keel|cs)_\w+)\(/ || $code[$i] =~ /^typedef|^#/;
            my $name  = $1;
            my $above = $i - 1;
            $above-- while $above >= 0 && $lines[$above] =~ /\S/ && $code[$above] =~ /\S/;
            next if $above >= 0 && $lines[$above] =~ m{\*/\s*$};
            $tree->found($path, $i, "$name has no docstring; say what, units, errors, ownership, whether it may park");
        }
    }
}

# Everything that a machine supplies under a name of arch/ is in the contract, arch/arch.h.
sub contract {
    my ($tree) = @_;
    return if !$tree->has('arch/arch.h');
    my $contract = $tree->text('arch/arch.h');
    for my $path ($tree->files(qr{^arch/\w+/.*\.[hS]$})) {
        my @lines    = $tree->lines($path);
        my @declared = $path =~ /\.h$/ ? _declared($tree, $path) : map { $lines[$_] =~ /^FUNCTION\((\w+)\)/ ? [ $1, $_ ] : () } 0 .. $#lines;
        for my $declared (@declared) {
            my ($name, $line) = @$declared;
            next if $name !~ /^(?:arch|ARCH|machine|MACHINE|keel_machine)_|^abi_/ || $contract =~ /\b\Q$name\E\b/;
            next if join("\n", @lines) =~ /#\s*undef\s+\Q$name\E\b/;
            next if $name =~ /^(arch_syscall)[1-5]$/;    # the first and the last stand for all
            $tree->found($path, $line, "$name is not in arch/arch.h; say there what it does, its registers and its pre-conditions");
        }
    }
}

# ---- what is declared

# What compilers call by itself, or the language brings.
my $not_ours = qr/^(?:__\w+|_Static_assert|_Alignas|mem(?:cpy|move|set|cmp)|bcmp|strlen|main)$/;

# What the headers, and the C files for themselves, declare: name => [path, line, kind].
sub _declared {
    my ($tree, $path) = @_;
    my @code = $tree->code($path);
    my @found = _constants(@code);
    my $depth = 0;
    for my $i (0 .. $#code) {
        my $line = $code[$i];
        if ($line =~ /^\s*#\s*define\s+(\w+)/) {
            push @found, [ $1, $i, 'macro' ] if $code[ $i - 1 ] !~ /#\s*ifndef\s+\Q$1\E/;
            next;
        }
        next if $line =~ /^\s*#/;
        push @found, [ $1, $i, 'structure' ] if $line =~ /^\s*(?:static\s+)?(?:struct|union)\s+(\w+)\s*\{/;
        push @found, [ $1, $i, 'type' ] if $line =~ /^typedef\b.*?\b(\w+)(?:\([^)]*\))?;\s*$/;
        if ($depth == 0 && $path =~ /\.h$/ && $line =~ /^[A-Za-z_].*?\b([a-z]\w*)\(/ && $line !~ /^typedef/) {
            push @found, [ $1, $i, 'function' ];
        }
        $depth += ($line =~ tr/{//) - ($line =~ tr/}//) if $line !~ /^extern "/;
    }
    return @found;
}

# The constants of all enumerations, with their lines.
sub _constants {
    my @code = @_;
    my $text = join "\n", map { /^\s*#/ ? '' : $_ } @code;
    my @found;
    while ($text =~ /\benum\b[^;(){}]*\{([^}]*)\}/g) {
        my ($body, $start) = ($1, $-[1]);
        1 while $body =~ s/(\([^()]*\))/"_" x length $1/e;
        while ($body =~ /(?:^|,)\s*([A-Za-z_]\w*)/g) {
            my $line = substr($text, 0, $start + $-[1]) =~ tr/\n//;
            push @found, [ $1, $line, 'constant', $start ];
        }
    }
    return @found;
}

# Used: named once more, not by a declaration or its own definition; and a function of the library
# not by tests alone. The compiler finds what is static and unused (check `warnings`).
sub unused_declaration {
    my ($tree) = @_;
    my (%uses, %in_tests);
    for my $path (grep { /\.(?:[chS]|tbl)$/ } $tree->files) {
        my @code = $tree->code($path);
        for my $i (0 .. $#code) {
            my $line = $code[$i];
            $line =~ s/^\s*#\s*define\s+\w+//;
            if ($path =~ m{^tests/}) {
                $in_tests{$_}++ for $line =~ /\b([A-Za-z_]\w*)\b/g;
                next;
            }
            next if $line =~ /^\s*#\s*(?:undef|ifndef)\b/;
            # A line that begins a declaration or definition: its own name is no use.
            my $own = $line =~ /^(?!typedef)[A-Za-z_].*?\b([a-z_]\w*)\(/ ? $1 : '';
            $own = $1 if $line =~ /^(?:FUNCTION|END)\((\w+)\)/;
            $uses{$_}{$path}++ for grep { $_ ne $own } $line =~ /\b([A-Za-z_]\w*)\b/g;
        }
    }
    for my $path (grep { !m{^(?:tests|bench|examples|include)/} } $tree->files(qr/\.[ch]$/)) {
        my %between = _between($tree, $path, \%uses);
        for my $declared (_declared($tree, $path)) {
            my ($name, $line, $kind) = @$declared;
            next if $name =~ $not_ours;
            my $count = 0;
            $count += $_ for values %{ $uses{$name} // {} };
            $count-- if $kind ne 'function' && $kind ne 'macro';
            next if $count > 0;
            next if $in_tests{$name} && $kind ne 'function';
            next if $kind eq 'constant' && $between{"$path:$line:$name"};
            my $users = $in_tests{$name} ? 'only tests use it' : 'nothing uses it';
            $tree->found($path, $line, "the $kind $name: $users; remove it");
        }
    }
    _unused_of_tests($tree, \%uses, \%in_tests);
}

# The unused constants of a file that stand between used ones of the same enumeration, which count on
# from them or span them.
sub _between {
    my ($tree, $path, $uses) = @_;
    my %between;
    my @constants = _constants($tree->code($path));
    my %enumerations;
    push @{ $enumerations{ $_->[3] } }, $_ for @constants;
    for my $members (values %enumerations) {
        my @used = grep { my $count = 0; $count += $_ for values %{ $uses->{ $members->[$_][0] } // {} }; $count > 1 } 0 .. $#$members;
        next if @used < 2;
        $between{"$path:$members->[$_][1]:$members->[$_][0]"} = 1 for $used[0] .. $used[-1];
    }
    return %between;
}

sub _unused_of_tests {
    my ($tree, $uses, $in_tests) = @_;
    for my $path ($tree->files(qr{^tests/.*\.h$})) {
        for my $declared (_declared($tree, $path)) {
            my ($name, $line, $kind) = @$declared;
            next if $name =~ $not_ours || $in_tests->{$name} > ($kind eq 'macro' ? 0 : 1);
            $tree->found($path, $line, "the $kind $name: nothing uses it; remove it");
        }
    }
}

1;
