package Commands;

# Other programs that tests use: whether one is there, and what became of a command line.
use strict;
use warnings;
use Exporter 'import';
use Test::More ();

our @EXPORT_OK = qw(is_installed shell succeeds_silently);

sub is_installed {
    my ($command) = @_;
    return scalar grep { -x "$_/$command" } split /:/, $ENV{PATH};
}

# Runs a command line; returns its wait status and what it said.
sub shell {
    my ($line) = @_;
    my $said = `($line) 2>&1`;
    return ($?, $said // '');
}

# One test: the command line ends well, without a word. Returns whether it did.
sub succeeds_silently {
    my ($line, $what) = @_;
    my ($status, $said) = shell($line);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $passed = Test::More::ok($status == 0 && $said eq '', $what);
    Test::More::diag("$line\n$said") if !$passed;
    return $passed;
}

1;
