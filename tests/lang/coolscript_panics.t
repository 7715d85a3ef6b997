#!/usr/bin/perl
# What compiled Coolscript cannot answer is a controlled panic: one line that says what, in which task
# and where; exit status 2.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_functions function_at);
use Test::More;

my $program = 'lang/children/coolscript_panic';
my $closed  = 'the channel is closed';

my @panics = (
    [ send_closed            => "cs_chan_send: $closed" ],
    [ send_dropped           => "cs_chan_send: $closed" ],
    [ send_waiting           => "cs_chan_send: $closed" ],
    [ send_ptr_closed        => "cs_chan_send_ptr: $closed" ],
    [ send_ptr_null          => 'cs_chan_send_ptr: NULL cannot be sent, it means None' ],
    [ send_ptr_other_form    => 'cs_chan_send_ptr: not a channel of pointers' ],
    [ receive_ptr_other_form => 'cs_chan_receive_ptr: not a channel of pointers' ],
    [ alloc_too_much         => 'cs_alloc: out of memory for ' . (1 << 60) . ' bytes' ],
    [ create_too_much        => 'cs_chan_create: no memory for ' . (1 << 50) . ' elements of 1000 bytes' ],
    [ create_overflow => 'cs_chan_create: no memory for 18446744073709551615 elements of 16 bytes' ],
    [ create_ptr_overflow => 'cs_chan_create: no memory for 4611686018427387903 elements of 8 bytes' ],
    [ spawn_too_many      => 'cs_spawn: out of memory for a task' ],
    [ in_a_task           => "cs_chan_send: $closed" ],
);

my @functions = child_functions($program);

for my $panic (@panics) {
    my ($way, $text) = @$panic;
  SKIP: {
        skip 'an emulator does not pass on the limit of memory', 4
            if $way eq 'spawn_too_many' && $ENV{KEEL_EMULATOR};
        # One worker: a second one might run the tasks as fast as they are spawned.
        my %alone = $way eq 'spawn_too_many' ? (environment => { KEEL_WORKERS => 1 }) : ();
        my $child = run_child($program, arguments => [$way], %alone);
        my $task  = $way eq 'in_a_task' ? qr/task (?!1\b)\d+/ : qr/task 1 "main"/;
        my ($where) = $child->{errors} =~ /^keel: panic: \Q$text\E \($task, at (0x[0-9a-f]+)\)$/m;
        ok(defined $where, "$way: $text") or diag("stderr: $child->{errors}");
        is($child->{status}, 2, '  status 2');
        is($child->{output}, '', '  nothing on standard output');
        skip 'nm is not installed', 1 if !@functions;
        my $function = $way eq 'in_a_task' ? 'send_to_closed' : $way;
        # A return address lies behind the call.
        is(function_at(hex($where // 1) - 1, @functions), $function, '  the address is the place in the program');
        like($child->{errors}, qr{^keel:   at 0x[0-9a-f]+ $function[.\w]*\+0x[0-9a-f]+ \([.\w/]+:\d+\)$}m, '  and in the trace')
            if $way ne 'spawn_too_many';    # when memory is out, the program's file cannot be mapped
    }
}

done_testing();
