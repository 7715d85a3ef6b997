package Tidy::Text;

# Checks of the text itself, whatever language it is in.
use strict;
use warnings;

my %most = (columns => 100, lines => 500, function => 70);

sub checks {
    return (
        [ 'white-space'     => \&white_space ],
        [ 'long-line'       => \&long_line ],
        [ 'long-file'       => \&long_file ],
        [ 'long-function'   => \&long_function ],
        [ 'later'           => \&later ],
        [ 'head-comment'    => \&head_comment ],
        [ 'abbreviation'    => \&abbreviation ],
        [ 'stale-reference' => \&stale_reference ],
    );
}

# What we write by hand and read on a screen.
sub written {
    my ($tree) = @_;
    return $tree->files(qr{(?:\.(?:[chS]|tbl|ld|pl|pm|t|sh|pml|in|go)|^Makefile|^tools/[\w-]+|^\.ci/.*)$});
}

sub white_space {
    my ($tree) = @_;
    for my $path (written($tree), $tree->files(qr/\.md$/)) {
        my @lines    = $tree->lines($path);
        my $has_tabs = $path =~ /Makefile$|\.go$/;
        for my $i (0 .. $#lines) {
            $tree->found($path, $i, 'white space at the end of the line; remove it') if $lines[$i] =~ /\s$/;
            $tree->found($path, $i, 'a tab; indent by four spaces') if !$has_tabs && $lines[$i] =~ /\t/;
        }
        next if $tree->text($path) eq '';
        $tree->found($path, $#lines, 'no newline at the end of the file; add it') if $tree->text($path) !~ /\n\z/;
        $tree->found($path, $#lines, 'empty lines at the end of the file; remove them')
            if $tree->text($path) =~ /\n\n\z/;
    }
}

sub long_line {
    my ($tree) = @_;
    for my $path (grep { /\.(?:[chS]|tbl|ld)$/ } written($tree)) {
        my @lines = $tree->lines($path);
        for my $i (grep { length $lines[$_] > $most{columns} } 0 .. $#lines) {
            $tree->found($path, $i, 'a line of ' . length($lines[$i]) . " columns; $most{columns} at most");
        }
    }
}

# A model is one program, which cannot be cut: hence no .pml.
sub long_file {
    my ($tree) = @_;
    for my $path (grep { !/\.pml$/ } written($tree)) {
        my $count = () = $tree->lines($path);
        $tree->found($path, $most{lines}, "a file of $count lines; cut it where its subject divides ($most{lines} at most)")
            if $count > $most{lines};
    }
}

sub long_function {
    my ($tree) = @_;
    for my $path ($tree->files(qr/\.[ch]$/)) {
        for my $function ($tree->functions($path)) {
            my $count = $function->{last} - $function->{first} + 1;
            next if $count <= $most{function};
            $tree->found($path, $function->{first},
                "$function->{name} has $count lines; name its parts ($most{function} at most)");
        }
    }
}

sub later {
    my ($tree) = @_;
    my $words = join '|', map { join '', @$_ } [qw(FIX ME)], [qw(TO DO)], [qw(X XX)], [qw(HA CK)];
    for my $path (written($tree), $tree->files(qr/\.(?:md|ll|mlir)$/)) {
        next if $path =~ m{^doc/seeds\.md$};    # quotes
        my @lines = $tree->lines($path);
        for my $i (grep { $lines[$_] =~ /\b(?:$words)\b/ && $lines[$_] !~ /mktemp|temp(?:dir|file)\(/ } 0 .. $#lines) {
            $tree->found($path, $i, 'a note of work left undone; do it, or say in an issue why not');
        }
    }
}

# The first line, behind "#!", is a comment; of a package, the first behind its name.
sub head_comment {
    my ($tree) = @_;
    for my $path ($tree->files(qr{(?:\.(?:pm|t|pml|tbl|S|h)|^tools/[\w-]+|^tests/(?:.*/)?\w+\.c)$})) {
        my @lines = $tree->lines($path);
        shift @lines if @lines && $lines[0] =~ /^#!/;
        shift @lines while @lines && $lines[0] =~ /^(?:package .*|\s*)$/;
        my $is_script = $path !~ /\.(?:[chS]|tbl|pml)$/;
        my $comment = $is_script ? qr/^# \S/ : qr{^/\*};
        next if @lines && $lines[0] =~ $comment;
        $tree->found($path, 0, 'no head comment; say what it is for' . ($is_script ? ', its arguments, its output' : ''));
    }
}

# A word of an identifier that is no word. The kernel's and the psABI's names are theirs.
my %abbreviations = map { $_ => 1 } qw(
    addr attr buf buff cb cfg cmd cnt conf config ctl ctx cur curr decl def del dest dev dir dst elem env
    err evt exc exec expr fmt func gen hdr idx img iter lst lvl mgr mod msg nb num obj oper ops
    opt opts param params pkt pos prev proc prog ptrs qty rand rec recv ref refs reg regs rem req res resp
    ret rnd seq sig siz src stat stats str struct sym sys sz tbl thr tid tmp tok tot txt typ util utils val
    var vars vec wnd
);

sub abbreviation {
    my ($tree) = @_;
    for my $path (grep { !m{^abi/|^include/runtime\.h$|^tests/abi/|^tests/lang/|^examples/} } $tree->files(qr/\.[ch]$/)) {
        my @code = $tree->code($path);
        my %seen;
        for my $i (0 .. $#code) {
            next if $code[$i] =~ /^\s*#\s*include/;
            for my $name ($code[$i] =~ /(?<![\w.])(?:\.|->)?\b([a-z][a-z0-9_]*)\b/g) {
                next if $seen{$name}++ || $name =~ /^(?:struct|[def]_\w+|[rp]h?_\w+|st_\w+|d_\w+|vd\w*|sh_\w+|p_\w+)$/;
                my ($short) = $name =~ /^(?:cs_print_str|keel_\w+_stats(?:_read)?)$/ ? () : grep { $abbreviations{$_} } split /_/, $name;
                $tree->found($path, $i, "'$short' in $name is no word; write it out") if defined $short;
            }
        }
    }
}

# Comments and documents name files and functions; what they name must be there.
sub stale_reference {
    my ($tree) = @_;
    my %names = map { (m{([^/]+)$})[0] => 1, $_ => 1 } $tree->files;
    my %words;
    for my $path ($tree->sources, $tree->files(qr{^(?:tools|linker|Makefile)})) {
        my $text = $path =~ /\.[chS]$|\.tbl$/ ? join "\n", $tree->code($path) : $tree->text($path);
        $words{$_} = 1 for $text =~ /\b(\w+)\b/g;
    }
    my $rooms = join '|', map { $_->{name} } @Tidy::Tree::ROOMS;
    for my $path ($tree->sources, 'ARCHITECTURE.md', 'HACKING.md') {
        next if !$tree->has($path);
        my @comments = $path =~ /\.md$/ ? $tree->lines($path) : $tree->comments($path);
        for my $i (0 .. $#comments) {
            my $comment = $comments[$i] =~ s{\bkernel.s\s+\S+}{}gr =~ s{\bprogram\.c\b}{}gr;
            for my $file ($comment =~ m{(?<![\w/<.>*-])((?:(?:$rooms|tests|tools|include|doc)/)?[\w/]+\.(?:c|h|S|tbl|ld|t|pml))\b}g) {
                next if $names{$file} || $file =~ m{^include/uapi/|^arch/x86/} || $file =~ m{/} && $file !~ m{^(?:$rooms|tests|tools|include|doc)/};
                $tree->found($path, $i, "names $file, which is not there; name what is");
            }
            for my $name ($comments[$i] =~ /\b((?:$rooms|keel|cs|page|line|lock|panic|process|output)_[a-z_]+[a-z])\b(?!_?[*.{])/g) {
                next if $words{$name} || $name =~ /^keel__/;    # the prefix in the archives
                $tree->found($path, $i, "names $name, which is not there; name what is");
            }
        }
    }
}

1;
