#!/usr/bin/perl
# doc/seeds.md answers each sentence of the five documents by files and tests: every path and every
# public function that its answers name is there, every document has its table, and each row has its
# lines, a sentence and an answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(contents);
use Test::More;

plan skip_all => 'an emulator has no part in it' if $ENV{KEEL_EMULATOR};
my $root = "$FindBin::Bin/../..";

my $text = contents("$root/doc/seeds.md");
for my $number (0 .. 4) {
    like($text, qr/^## $number\. .*\(00$number\)$/m, "document $number has a table");
}

my @rows = grep { /^\|/ && !/^\| (?:line|---) / } split /\n/, $text;
cmp_ok(scalar @rows, '>=', 150, 'there are as many rows as the documents have wishes');
my (%paths, %functions, @bare);
for my $row (@rows) {
    my ($lines, $sentence, $answer, $rest) = split / \| /, $row =~ s/^\| | \|$//gr;
    push @bare, $row
        if defined $rest || !defined $answer || $lines !~ /^\d[\d, –]*$/ || $answer !~ /\w{3}/;
    $answer //= '';
    $paths{$_} = 1
        for $answer =~ m{`((?:[\w-]+/)+(?:[\w.-]+)?|[\w-]+\.(?:md|h|c|S|t))`}g;
    # What a step is to bring is not declared yet.
    $functions{$_} = 1 for ($answer =~ s/(?:[^.;:]*: )?step \d.*|later.*//r) =~ /\b((?:keel|cs)_\w+)\b/g;
}
is("@bare", '', 'each row has lines, a sentence and an answer');
cmp_ok(scalar keys %paths, '>=', 80, 'files are named');
for my $path (sort keys %paths) {
    ok(-e "$root/$path", "$path is there");
}

my $headers = join '', map { contents($_) } glob "$root/include/*.h $root/include/keel/*.h";
cmp_ok(scalar keys %functions, '>=', 15, 'functions are named');
for my $name (sort keys %functions) {
    like($headers, qr/\b$name\b/, "$name is declared");
}
done_testing();
