#!/usr/bin/perl
# What a trace looks like: a line a frame, with names and places; recursion folded, and the middle of a
# long one left out.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my $program = 'backtrace/children/trace';

# The functions of the lines "keel:   at 0x... name+0x... (file:line)"; of others, what they say.
sub told {
    my ($child) = @_;
    my @told;
    for my $line (split /\n/, $child->{errors}) {
        if ($line =~ m{^keel:   at 0x[0-9a-f]+ (\w+)[.\w]*\+0x[0-9a-f]+ \([./\w]+\.[chS]:[1-9]\d*\)$}) {
            push @told, $1;
        } elsif ($line =~ /^keel:   \.\.\. (\d+ frames?) (more of|are left out|is left out)(.*)$/) {
            my ($count, $what, $rest) = ($1, $2, $3);
            push @told, "$count $what" . $rest =~ s/\+0x[0-9a-f]+//r;
        } else {
            push @told, $line;
        }
    }
    return \@told;
}

# Compilers make one function of some of these, and jump to others.
my @end = qw(main boot_start _start);

sub shows {
    my ($way, $lines, $what, %options) = @_;
    my $child = run_child($program, arguments => [$way]);
    my @told  = grep { !/^(?:run_program|recursion_of_\d+|many_places_\d+|in_turn)$/ } @{ told($child) };
    is_deeply(\@told, [ @$lines, @{ $options{end} // \@end } ], $what)
        or diag($child->{errors});
    is($child->{status}, $options{status} // 0, "  status");
    return $child;
}

shows('recursion-of-3', [ 'write_trace', ('once') x 3, 'recurse' ], 'recursion of 3');
shows('recursion-of-4', [ 'write_trace', ('once') x 4, 'recurse' ], 'recursion of 4');
shows(
    'recursion-of-100000',
    [ 'write_trace', ('once') x 3, '99997 frames more of once', 'recurse' ],
    'deep recursion is folded'
);
shows(
    'in-turn',
    [
        'write_trace', (qw(third second first)) x 2, 'third',
        '2993 frames more of first and 2 others, in turn',
    ],
    'recursion of several functions too'
);
# What a compiler does not join into one function lies below it: more lines at the end.
my $below = @{ told(run_child($program, arguments => ['just-fits'])) } - 46;
for my $long ([ 'many-places', 957 ], [ 'just-too-long', 1 ]) {
    my ($way, $more) = @$long;
    $more += $below;
    my $left_out = $more == 1 ? '1 frame is left out' : "$more frames are left out";
    shows(
        $way,
        [ 'write_trace', ('scattered') x 31, $left_out, ('scattered') x (12 - $below), 'many_places' ],
        "the middle of a long trace is left out: $more"
    );
}
shows('just-fits', [ 'write_trace', ('scattered') x 41, 'many_places' ], 'a shorter one is whole');

# ---- panics

my $line = qr/^keel: panic: so it is \(task 1 "main", at (0x[0-9a-f]+)\)\nkeel:   at \1 panics\+/;
my $child = run_child($program, arguments => ['panic-in-main']);
like($child->{errors}, $line, 'a panic shows its callers, from the function that panicked');
my @lines = @{ told($child) };
is_deeply([ @lines[ 1, 2, 3, -1 ] ], [qw(panics panic_in_main main _start)], '  all of them');
is($child->{status}, 2, '  status 2');

@lines = @{ told(run_child($program, arguments => ['panic-in-task'])) };
like($lines[0], qr/^keel: panic: so it is \(task 2 "unlucky", at/, 'a panic in a task');
is_deeply([ @lines[ 1, 2 ] ], [qw(panics panic_below)], '  and its callers');
like($lines[-1], qr/^arch_(?:context_start|clone)$/, '  to the first of them');

@lines = @{ told(run_child($program, arguments => ['assertion'])) };
like($lines[0], qr/^keel: panic: assertion failed in asserts: sink == 1234 \(/, 'an assertion');
is_deeply([ @lines[ 1, 2, 3 ] ], [qw(asserts assertion main)], '  shows where it stands');

# ---- refused

# With system calls that fail, as in a sandbox.
sub refused {
    my (@calls) = @_;
    local $ENV{KEEL_EMULATOR} = join " ", "strace -f -o /dev/null", map { "-e inject=$_" } @calls;
    return @{ told(run_child($program, arguments => ["panic-in-main"])) };
}

SKIP: {
    skip "strace cannot be used", 6
        if $ENV{KEEL_EMULATOR} || system("strace -o /dev/null true >/dev/null 2>&1") != 0;
    my @whole = refused("getpriority:error=EPERM");
    is($whole[1], "panics", "nothing refused");
    for my $error (qw(EPERM ENOSYS)) {
        is_deeply([ refused("rt_sigprocmask:error=$error") ], \@whole,
            "$error for the probe: there is another");
    }
    my (undef, @lines) = refused("rt_sigprocmask:error=EPERM", "rt_sigaction:error=EPERM");
    is_deeply(\@lines, ["panics"], "both probes refused: the place alone");
    (undef, @lines) = refused("openat:error=EACCES");
    is(@lines, @whole - 1, "no file: as many frames");
    is((grep { /^keel:   at 0x[0-9a-f]+$/ } @lines), @lines, "  of addresses alone");
}

done_testing();
