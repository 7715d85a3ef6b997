#!/usr/bin/perl
# Names and lines of addresses, held against nm and addr2line: of every function of a test program, of
# addresses all over its code, and of what is no code at all.
use strict;
use warnings;
no warnings "portable";    # numbers of 64 bits
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path child_functions);
use Test::More;

my $program = 'backtrace/children/symbols';
my $path    = child_path($program);

# Each answer: { function, offset, directory, file, line, unknown }.
sub answers {
    my @addresses = @_;
    my $child     = run_child($program, arguments => [ map { sprintf '%x', $_ } @addresses ]);
    return map {
        my %answer;
        @answer{qw(function offset directory file line unknown)} =
            /^(\S+)\+0x([0-9a-f]+) (\S+) (\S+):(\d+)( unknown)?$/ or die "not understood: $_\n";
        $answer{offset} = hex $answer{offset};
        \%answer;
    } split /\n/, $child->{output};
}

my @functions = child_functions($program);
plan skip_all => 'nm is not installed' if !@functions;

# ---- functions

# Several names may stand for one place; the library's own have a prefix.
my (%names_at, @starts);
for my $function (@functions) {
    my ($address, $name) = @$function;
    push @starts, $address if !$names_at{$address};
    $names_at{$address}{ $name =~ s/^keel__//r } = 1;
}

my @wrong;
my @answers = answers(@starts);
for my $i (0 .. $#starts) {
    my $answer = $answers[$i];
    push @wrong, sprintf '%x %s+%x', $starts[$i], $answer->{function}, $answer->{offset}
        if !$names_at{ $starts[$i] }{ $answer->{function} } || $answer->{offset} != 0;
}
cmp_ok(scalar @starts, '>', 60, 'a program of many functions');
is_deeply(\@wrong, [], '  each is known at its start');

# ---- lines

SKIP: {
    skip 'addr2line is not installed', 2 if system('command -v addr2line >/dev/null') != 0;
    my @places;
    for (my $address = $starts[0] ; $address < $starts[-1] ; $address += 13) {
        push @places, $address;
    }
    my @address = @places;
    my $list    = join ' ', map { sprintf '%x', $_ } @places;
    my @theirs = `addr2line -e '$path' $list`;
    my @ours;
    while (my @some = splice @places, 0, 1000) {
        push @ours, answers(@some);
    }
    # Between functions there is no line; addr2line names the file of a neighbour there.
    my ($known, @differ) = (0);
    for my $i (0 .. $#theirs) {
        my ($file, $line) = $theirs[$i] =~ /([^\/]+):(\d+|\?)/ or next;
        $line = 0 if $line eq '?';
        $known++ if $line > 0;
        my $ours = $ours[$i]{file} =~ s/.*\///r;
        $ours = '??' if $ours eq '-';
        next if $line == 0 && $ours[$i]{line} == 0;
        # Of code that was inlined addr2line may take the file of the function around it: then the rows
        # of the table decide.
        push @differ, "$ours:$ours[$i]{line}, addr2line: $file:$line"
            if ($ours ne $file || $ours[$i]{line} != $line)
            && row_at($address[$i]) ne "$ours:$ours[$i]{line}";
    }
    cmp_ok($known, '>', 500, 'addresses with lines');
    is_deeply([ @differ[ 0 .. ($#differ < 9 ? $#differ : 9) ] ], [], '  as addr2line says');
}

# The row of the line table that holds for the address, "file:line", as objdump decodes it.
sub row_at {
    my ($address) = @_;
    my ($start, $row, $found) = (0, '', '');
    for (`objdump --dwarf=decodedline '$path' 2>/dev/null`) {
        my ($file, $line, $next) = /^(\S+)\s+(\d+|-)\s+0x([0-9a-f]+)/ or next;
        $found = $row if $row ne '' && $start <= $address && $address < hex $next;
        ($start, $row) = (hex $next, $line eq '-' ? '' : "$file:$line");
    }
    return $found;
}

# ---- what is no code

my %nothing = (
    'NULL'               => 0,
    'the first page'     => 0x100,
    'what is not mapped' => 0x123456789000,
    'no address at all'  => 0xdead000000000000,
    'the last address'   => ~0,
    'data'               => (map { hex((split)[0]) } grep { / [bBdD] / } `nm '$path'`)[0],
);
for my $what (sort keys %nothing) {
    my ($answer) = answers($nothing{$what});
    is_deeply([ @$answer{qw(function offset directory file line unknown)} ],
        [ '-', 0, '-', '-', 0, ' unknown' ], "$what is unknown");
}

done_testing();
