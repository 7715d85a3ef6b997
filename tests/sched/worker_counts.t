#!/usr/bin/perl
# Every test of tasks and channels once more on one, two and eight workers; and those that need no
# second worker where the kernel refuses every thread.
# time limit: 180 s
use strict;
use warnings;
use File::Basename 'basename';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path);
use Test::More;

my $folder = child_path('');
my @programs = map { s/\A\Q$folder\E//r } grep { -f && -x && basename($_) !~ /\./ }
    map { glob "$folder$_" } qw(sched/* chan/* lang/coolscript_*);
cmp_ok(scalar @programs, '>', 15, 'the programs are there');

for my $workers (1, 2, 8) {
    for my $program (@programs) {
        passes(run_child($program, environment => { KEEL_WORKERS => $workers }, seconds => 60),
            "$program on $workers");
    }
}

SKIP: {
    skip 'strace sees an emulator, not the program', 1 if $ENV{KEEL_EMULATOR};
    my $refusing = 'strace -f -o /dev/null -e inject=clone,clone3:error=EAGAIN';
    skip 'strace cannot trace here', 1 if system("$refusing true >/dev/null 2>&1") != 0;
    local $ENV{KEEL_EMULATOR} = $refusing;
    for my $program (qw(sched/await sched/spawn sched/yield chan/many_to_many lang/coolscript_tasks)) {
        passes(run_child($program, environment => { KEEL_WORKERS => 8 }, seconds => 60),
            "$program without a second thread");
    }
}

done_testing();

sub passes {
    my ($child, $what) = @_;
    my @failed = $child->{output} =~ /^(not ok .*)/mg;
    my $passed = $child->{status} == 0 && $child->{signal} == 0 && $child->{output} =~ /^1\.\.\d+\n\z/m;
    ok($passed && !@failed, $what)
        or diag(join "\n", "status $child->{status}, signal $child->{signal}", @failed,
            $child->{errors});
}
