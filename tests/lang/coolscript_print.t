#!/usr/bin/perl
# cs_print_str: the bytes of one call come out whole and together, into every kind of pipe, and what
# cannot be written ends no process.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL F_SETPIPE_SZ O_NONBLOCK);
use File::Temp 'tempfile';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram qw(run_child child_path);
use POSIX ();
use Test::More;
use Time::HiRes 'sleep';

my $program  = 'lang/children/coolscript_print';
my $large    = 3 << 20;
my @workers  = (1, 2, 8);
my ($printers, $lines_each, $line_most) = (40, 20, 9000);

is_print('hello', "Hello, world\n", 'two prints, no newline added');
is_print('bytes', join('', map { chr } 0 .. 255), 'bytes of every value');
is_print('nothing', '', 'lengths 0 and below print nothing');

sub is_print {
    my ($way, $output, $what) = @_;
    my $child = run_child($program, arguments => [$way]);
    ok($child->{output} eq $output, $what);
    is($child->{status}, 0, '  status 0');
}

# Runs the program with standard output into $to; returns what waits for its end, which gives its wait
# status and standard error.
sub start {
    my ($to, $workers, @command) = @_;
    my ($errors, $errors_path) = tempfile(UNLINK => 1);
    my $child = fork() // die "fork: $!";
    if ($child == 0) {
        $ENV{KEEL_WORKERS} = $workers if $workers;
        open STDOUT, '>&', $to     or POSIX::_exit(127) if $to;
        close STDOUT if !$to;
        open STDERR, '>&', $errors or POSIX::_exit(127);
        POSIX::close($_) for 3 .. 20;
        $SIG{PIPE} = 'DEFAULT';
        alarm 30;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    close $to if $to;
    return sub {
        waitpid $child, 0;
        my $status = $?;
        open my $file, '<', $errors_path or die $!;
        local $/;
        return ($status, <$file> // '');
    };
}

sub command_for {
    my ($way) = @_;
    return (split(' ', $ENV{KEEL_EMULATOR} // ''), child_path($program), $way);
}

# All that comes out of the pipe; %options: nonblocking (the writer's end), slow (the reader),
# stop_after (bytes, then the reader closes).
sub read_all {
    my ($way, $workers, %options) = @_;
    pipe my $reader, my $writer or die "pipe: $!";
    fcntl($writer, F_SETPIPE_SZ, 4096) if $options{slow};
    if ($options{nonblocking}) {
        my $flags = fcntl($writer, F_GETFL, 0) or die "fcntl: $!";
        fcntl($writer, F_SETFL, $flags | O_NONBLOCK) or die "fcntl: $!";
    }
    my $end  = start($writer, $workers, @{ $options{prefix} // [] }, command_for($way));
    my $text = '';
    my $reads = 0;
    while (!defined $options{stop_after} || length $text < $options{stop_after}) {
        my $bytes = sysread $reader, $text, $options{slow} ? 3000 : 65536, length $text;
        last if !$bytes;
        sleep 0.0005 if $options{slow} && ++$reads % 8 == 0;
    }
    close $reader;
    my ($status, $errors) = $end->();
    return ($text, $status, $errors);
}

sub is_large {
    my ($text, $status, $errors, $what) = @_;
    my $letters = join '', map { chr(ord('a') + $_) } 0 .. 22;
    my $wanted  = substr $letters x ($large / 23 + 1), 0, $large;
    ok($text eq $wanted, $what) or diag('length ' . length $text);
    is($status, 0, '  status 0');
    like($errors, qr/^went on$/m, '  the program went on');
}

is_large(read_all('large', 2), 'a string larger than a pipe comes out whole');
is_large(read_all('large', 2, slow => 1), 'to a slow reader');
is_large(read_all('large', 2, nonblocking => 1), 'into a non-blocking pipe');
is_large(read_all('large', 2, nonblocking => 1, slow => 1), 'into a non-blocking pipe with a slow reader');

sub are_lines {
    my ($text, $status, $errors, $what) = @_;
    my (%next, %broken);
    my $count = 0;
    for my $line (split /(?<=\n)/, $text) {
        my ($printer, $number, $rest) = $line =~ /\A(\d+):(\d+):([a-z]*)\n\z/;
        if (!defined $rest) {
            $broken{'not whole'}++;
            next;
        }
        $count++;
        $broken{'out of order'}++ if $number != ($next{$printer}++ // 0);
        my $length = ($printer * 977 + $number * 613) % $line_most;
        my $wanted = chr(ord('a') + $printer % 26) x $length;
        $broken{'mixed'}++ if $rest ne $wanted;
    }
    is(join(', ', sort keys %broken), '', "$what: each line whole, together, in its task's order");
    is($count, $printers * $lines_each, '  none is lost');
    is($status, 0, '  status 0');
    like($errors, qr/^went on$/m, '  the program went on');
}

for my $workers (@workers) {
    are_lines(read_all('many', $workers), "40 tasks on $workers workers");
    are_lines(read_all('many', $workers, slow => 1), "40 tasks on $workers, slow reader");
    are_lines(read_all('many', $workers, nonblocking => 1, slow => 1),
        "40 tasks on $workers, non-blocking pipe, slow reader");
}

# What cannot be written is dropped, and the program goes on.
sub goes_on {
    my ($status, $errors, $what) = @_;
    is($status, 0, "$what: status 0");
    like($errors, qr/^went on$/m, '  the program went on');
}

for my $way (qw(hello large many)) {
    for my $workers (@workers) {
        my (undef, @end) = read_all($way, $workers, stop_after => 0);
        goes_on(@end, "$way into a pipe that nobody reads, on $workers");
    }
}
for my $way (qw(large many)) {
    my ($text, @end) = read_all($way, 8, stop_after => 10000);
    goes_on(@end, "$way into a pipe that is closed meanwhile");
    ($text, @end) = read_all($way, 8, stop_after => 10000, nonblocking => 1);
    goes_on(@end, "$way into a non-blocking pipe that is closed meanwhile");
}
goes_on(start(undef, 2, command_for('many'))->(), 'standard output closed');
SKIP: {
    open my $full, '>', '/dev/full' or skip '/dev/full cannot be opened', 2;
    goes_on(start($full, 2, command_for('many'))->(), 'a full device');
}

# Interrupted and refused writes, where they can be injected.
SKIP: {
    skip 'strace sees an emulator, not the program', 4 if $ENV{KEEL_EMULATOR};
    my $errors = File::Temp->new;
    my @strace = ('strace', '-f', '-o', '/dev/null');
    skip 'strace cannot trace here', 4
        if system("@strace true >/dev/null 2>&1") != 0;
    is_prefixed(EINTR  => @strace, '-e', 'inject=write:error=EINTR:when=1..60+2');
    is_prefixed(EAGAIN => @strace, '-e', 'inject=write:error=EAGAIN:when=1..60+2');
}

sub is_prefixed {
    my ($error, @prefix) = @_;
    my ($text, $status) = read_all('hello', 2, prefix => \@prefix);
    is($text, "Hello, world\n", "nothing is lost when every other write gives $error");
    is($status, 0, '  status 0');
}

done_testing();
