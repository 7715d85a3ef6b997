#!/usr/bin/perl
# Every program of examples/coolscript, in each spelling: linked with the linker's default script and
# with ours, and run on the workers that the machine gives, on one and on eight.
# time limit: 180 s
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use ExamplePrograms qw(source_folder library_folder build_examples run_example expected);

my $work = tempdir(CLEANUP => 1);

sub check_programs {
    my ($how, $environments, @options) = @_;
    my @programs = build_examples(@options, library_folder(), "$work/$how");
    is(scalar @programs, 20, "four programs in five spellings, $how");
    for my $program (@programs) {
    SKIP: {
            skip "$program->{name}: $program->{rest}", 1 if $program->{verdict} eq 'skipped';
            is($program->{verdict}, 'made', "$program->{name} builds, $how") or do {
                diag $program->{rest};
                next;
            };
            check_runs($program, $how, $_) for @$environments;
        }
    }
}

sub check_runs {
    my ($program, $how, $workers) = @_;
    my %environment = defined $workers ? (KEEL_WORKERS => $workers) : ();
    is(
        run_example($program->{rest}, emulated => 1, environment => \%environment),
        expected($program->{name}),
        "$program->{name} prints what it should, $how" . (defined $workers ? ", on $workers" : ''),
    );
}

check_programs('default script', [ undef, 1, 8 ]);
check_programs('our script', [undef], '--script', source_folder() . '/linker.ld');
done_testing();
