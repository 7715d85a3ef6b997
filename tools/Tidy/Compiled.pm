package Tidy::Compiled;

# Checks that take the compiler: a header compiles alone, and twice; nothing is warned about.
use strict;
use warnings;

my @warnings =
    qw(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wunused-macros -Werror);

sub checks {
    return ([ 'header-alone' => \&header_alone ], [ 'warnings' => \&warnings ]);
}

sub _folders {
    my ($tree) = @_;
    my %machines = map { m{^(arch/\w+)/} ? ($1 => 1) : () } $tree->files(qr{^arch/\w+/machine/});
    my @public = map { "$_/include" } sort keys %machines;
    return map { "-I$tree->{root}/$_" } '.', sort(keys %machines), qw(arch/generic include), @public;
}

sub header_alone {
    my ($tree) = @_;
    my @folders = _folders($tree);
    # Those of examples/nolibc/ stand on the kernel's nolibc, which is not everywhere.
    for my $path (grep { !m{^examples/nolibc/} } $tree->files(qr/\.h$/)) {
        my @language = $path =~ /assembly\.h$/ ? qw(-x assembler-with-cpp -E) : qw(-x c -std=gnu11 -fsyntax-only);
        _compile($tree, $path, $tree->{compiler}, @language, @folders, @warnings);
        next if $path !~ m{^(?:arch/\w+/)?include/};
        _compile($tree, $path, $tree->{compiler}, qw(-x c -std=c11 -pedantic-errors -fsyntax-only), @folders);
        my $plus = $tree->{compiler} =~ s/gcc$/g++/r =~ s/clang$/clang++/r;
        _compile($tree, $path, $plus, qw(-x c++ -std=c++11 -fsyntax-only -nostdinc++), @folders)
            if grep { -x "$_/$plus" } split /:/, $ENV{PATH};
    }
}

# Includes the header twice in an empty file.
sub _compile {
    my ($tree, $path, @command) = @_;
    my $header = "$tree->{root}/$path";
    my $said = join '', _output(@command, '-ffreestanding', '-include', $header, '-include', $header, '/dev/null');
    return if $? == 0;
    my ($line) = $said =~ /\Q$path\E:(\d+)/;
    my ($why)  = $said =~ /error: (.*)/;
    $tree->found($path, ($line // 1) - 1, 'does not compile alone and twice: ' . ($why // 'see the compiler') . '; include what it needs');
}

# What -Wall finds that is static and unused, and the rest of what the Makefile asks for.
sub warnings {
    my ($tree) = @_;
    my @options = (qw(-std=gnu11 -O1 -ffreestanding -S -o /dev/null), _folders($tree), @warnings);
    for my $path ($tree->files(qr{^(?!bench/|examples/).*\.c$})) {
        my @said = _output($tree->{compiler}, @options, "$tree->{root}/$path");
        for my $line (grep { /(?:error|warning): / } @said) {
            my ($file, $number, $text) = $line =~ m{^\Q$tree->{root}\E/([^:]+):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)}
                or next;
            $tree->found($file, $number - 1, "$text; the compiler must have nothing to say");
        }
    }
}

sub _output {
    my (@command) = @_;
    my $child = open(my $pipe, '-|') // die "fork: $!\n";
    if ($child == 0) {
        open STDERR, '>&', \*STDOUT or exit 127;
        exec @command or exit 127;
    }
    my @lines = <$pipe>;
    close $pipe;
    return @lines;
}

1;
