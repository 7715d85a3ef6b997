#!/usr/bin/perl
# time limit: 240 s
# The planted crashes: a table of ways to crash, each with the report that it must give, to the last
# line, and how it must end. A line of the table:
#
#   program, way      the child that crashes, and its argument
#   ends              the signal that ends it, or its exit status
#   head              the report's first line, after "keel: "; HEX stands for any number with 0x
#   frames            the functions of the trace in order, innermost first, all of them but where "..."
#                     stands for any number of frames; a file after a function: its line must name it
#
# After the head of a fault come the registers. Each crash is run on one worker and on two.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child);
use Test::More;

my $emulated = $ENV{KEEL_EMULATOR};
my %number   = (SIGILL => 4, SIGBUS => 7, SIGFPE => 8, SIGSEGV => 11);
my $hex      = qr/0x[0-9a-f]+/;

# Where the trace of a fault goes on: behind the function that faulted.
my $main   = '... main ... _start';
my $task   = '... sched_runner ...';
my $null   = 'invalid address 0x0 (null page)';
my $denied = 'HEX (mapped, but not for this access)';
my $guard  = 'HEX lies in the guard below';

# The kernel does not tell the address; an emulator says 0.
my $impossible = $emulated ? $null : 'an address that no program can have';

# What single instructions do, in main and in a task.
my @instructions = (
    [ 'read-null', SIGSEGV => 'invalid address 0x10 (null page)', 'read_null@fault.c' ],
    [ 'write-null', SIGSEGV => $null, 'write_null@fault.c' ],
    [ 'read-unmapped', SIGSEGV => 'invalid address 0x123456789000 (nothing is mapped there)', 'read_unmapped@fault.c' ],
    [ 'read-impossible', SIGSEGV => $impossible, 'read_impossible@fault.c' ],
    [ 'write-constant', SIGSEGV => "invalid address $denied", 'write_constant@fault.c' ],
    [ 'call-data', SIGSEGV => "jump to invalid address $denied", '? call_data@fault.c' ],
    [ 'divide', SIGFPE => 'integer division by zero, or its quotient overflows', 'divide@fault.c' ],
    [ 'illegal', SIGILL => 'illegal instruction', 'illegal' ],
    [ 'past-the-end', SIGBUS => 'no memory behind address HEX', 'past_the_end@fault.c' ],
    [ 'send-thread', SIGBUS => 'sent by process NUMBER', 'send_thread@fault.c' ],
);

my @crashes = map {
    my ($way, $ends, $cause, $frames) = @$_;
    (
        [ fault => $way, $ends => qq{$ends in task 1 "main": $cause, at HEX}, "$frames $main" ],
        [
            fault => "$way-in-task",
            $ends => qq{$ends in task NUMBER "faulty": $cause, at HEX},
            "$frames fault_in_task\@fault.c $task"
        ],
    );
} @instructions;

my $in_main = 'SIGSEGV in task 1 "main":';
my $wrote   = "write_to_place\@places.c";
my $panics  = 'panic: the program gives up';

push @crashes, (
    # Stacks.
    [ overflow => 'small-frames-in-task', SIGSEGV => qq{SIGSEGV in task NUMBER "deep": stack overflow: $guard its stack of NUMBER bytes, at HEX}, "recurse\@overflow.c ... recurse_in_task $task" ],
    [ overflow => 'large-frame-in-task', SIGSEGV => qq{SIGSEGV in task NUMBER "deep": stack overflow: $guard its stack of NUMBER bytes, at HEX}, "jump\@overflow.c ... jump_in_task $task" ],
    [ overflow => 'small-frames-in-main', SIGSEGV => qq{$in_main stack overflow: $guard its stack of NUMBER bytes, at HEX}, "recurse\@overflow.c ... main ... _start" ],
    [ overflow => 'large-frame-in-main', SIGSEGV => qq{$in_main stack overflow: $guard its stack of NUMBER bytes, at HEX}, "jump\@overflow.c ... main ... _start" ],
    [ overflow => 'small-frames-in-parked-main', SIGSEGV => qq{$in_main stack overflow: $guard its stack of NUMBER bytes, at HEX}, "recurse\@overflow.c ... main ... _start" ],
    [ cycle => 'many-functions', SIGSEGV => qq{$in_main stack overflow: $guard its stack of NUMBER bytes, at HEX}, "... main ... _start" ],
    [ places => 'spare-guard', SIGSEGV => qq{$in_main $guard a stack that no task has now, of NUMBER bytes, at HEX}, "$wrote spare_guard $main" ],
    [ places => 'others-guard', SIGSEGV => qq{$in_main $guard the stack of task NUMBER "victim", of NUMBER bytes, at HEX}, "$wrote others_guard $main" ],
    [ places => 'own-guard', SIGSEGV => qq{SIGSEGV in task NUMBER "stray": $guard its stack of NUMBER bytes, at HEX}, "$wrote touch_own_guard $task" ],
    # Jumps to nowhere.
    [ places => 'jump-null', SIGSEGV => "$in_main jump to $null, at 0x0", "? call_function jump_null $main" ],
    [ places => 'jump-null-in-task', SIGSEGV => qq{SIGSEGV in task NUMBER "jumper": jump to $null, at 0x0}, "? call_function jump $task" ],
    [ places => 'jump-unmapped', SIGSEGV => "$in_main jump to invalid address 0x123456789000 (nothing is mapped there), at 0x123456789000", "? call_function jump_unmapped $main" ],
    # Before and after main, and at odd moments.
    [ places => 'in-constructor', SIGSEGV => "$in_main $null, at HEX", "$wrote set_up constructor ... _start" ],
    [ places => 'in-destructor', SIGSEGV => "$in_main $null, at HEX", "$wrote destructor ... keel_exit ... _start" ],
    [ places => 'in-exit-function', SIGSEGV => "$in_main $null, at HEX", "$wrote exit_function ... keel_exit ... _start" ],
    [ places => 'in-handler', SIGSEGV => "$in_main $null, at HEX", "$wrote handler ... in_handler $main" ],
    [ places => 'after-move', SIGSEGV => qq{SIGSEGV in task NUMBER "mover": $null, at HEX}, "$wrote move_and_fault $task" ],
    [ places => 'no-thread-pointer', SIGSEGV => "SIGSEGV in no task: $null, at HEX", "$wrote no_thread_pointer $main" ],
    [ places => 'other-thread-pointer', SIGSEGV => "SIGSEGV in no task: $null, at HEX", "$wrote other_thread_pointer $main" ],
    [ places => 'lost-stack', SIGSEGV => "$in_main invalid address 0x123456789000 (nothing is mapped there), at HEX", "arch_context_switch" ],
    [ places => 'bad-name', SIGSEGV => "SIGSEGV inside this report: invalid address 0x20 (null page), at HEX\nkeel: SIGSEGV: $null, at HEX", "$wrote bad_name $main" ],
    # Panics.
    [ places => 'panic-in-main', 2 => qq{$panics (task 1 "main", at HEX)}, "give_up\@places.c panic_in_main $main" ],
    [ places => 'panic-in-task', 2 => qq{$panics (task NUMBER "careful", at HEX)}, "give_up\@places.c panic_in $task" ],
    [ places => 'panic-without-message', 2 => qq{panic: (no message) (task 1 "main", at HEX)}, "panic_without_message $main" ],
    [ places => 'panic-in-exit-function', 2 => qq{$panics (task 1 "main", at HEX)}, "give_up\@places.c panic_at_end ... keel_exit ... _start" ],
    [ places => 'panic-in-handler', 2 => qq{$panics (task 1 "main", at HEX)}, "give_up\@places.c panic_handler ... panic_in_handler $main" ],
);

for my $crash (@crashes) {
    for my $workers (1, 2) {
        expect_report($workers, @$crash);
    }
}
done_testing();

sub expect_report {
    my ($workers, $program, $way, $ends, $head, $frames) = @_;
    my $child = run_child("crash/children/$program", arguments => [$way],
        environment => { KEEL_WORKERS => $workers }, sends_signal => scalar($way =~ /^send/));
    my $said = join '', grep { !/^qemu: uncaught target signal/ } split /(?<=\n)/, $child->{errors};
    my $registers = $ends =~ /^SIG/ ? registers_pattern() : qr//;
    my $pattern   = head_pattern($head);
    my $name      = "$program $way on $workers";
    my $exact     = $said =~ /\Akeel: $pattern\n$registers((?:keel:   [^\n]*\n)*)\z/;
    my $wrong     = $exact ? wrong_frames($1, $frames) : 'it is not as expected';
    ok(!$wrong, "$name: $head") or diag("$wrong\n$said");
    is($child->{signal} || $child->{status}, $number{$ends} // $ends, "  ends by $ends");
    is($child->{output}, '', '  and nothing else happens');
    return;
}

sub head_pattern {
    my ($head) = @_;
    my $pattern = quotemeta $head;
    $pattern =~ s/HEX/$hex/g;
    $pattern =~ s/NUMBER/\\d+/g;
    return $pattern;
}

# All of them, each once, a few a line.
sub registers_pattern {
    my @names = qw(rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip);
    my $all = join '(?:  |\nkeel:   )', map { "$_ $hex" } @names;
    return qr/keel:   $all\n/;
}

# What is wrong with the frames; an empty string: nothing.
sub wrong_frames {
    my ($lines, $wanted) = @_;
    my @seen;
    for my $line (split /\n/, $lines) {
        if ($line =~ m{^keel:   at $hex(?: (\w+)\+$hex)?(?: \((?:[^:)]*/)?([^:/)]+):\d+\))?$}) {
            push @seen, ($1 // '?') . '@' . ($2 // '');
        } elsif ($line =~ /^keel:   \.\.\. /) {
            push @seen, 'left@out';
        } else {
            return "not a frame: $line";
        }
    }
    my $pattern = '';
    for my $word (split ' ', $wanted) {
        my ($function, $file) = split /@/, $word;
        $pattern .= $word eq '...' ? '(?:\S+ )*?'
            : quotemeta($function) . '@' . (defined $file ? quotemeta($file) : '\S*') . ' ';
    }
    my $seen = join '', map { "$_ " } @seen;
    return $seen =~ /^$pattern$/ ? '' : "the frames are $seen";
}
