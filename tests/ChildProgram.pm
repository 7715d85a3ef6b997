package ChildProgram;

# Runs the programs of tests/*/children/ and tells how they ended. KEEL_TESTS is the folder of the
# built tests, KEEL_EMULATOR what to run them with (nothing, or qemu-x86_64).
use strict;
use warnings;
use Exporter 'import';
use File::Temp 'tempfile';
use POSIX ();

our @EXPORT_OK = qw(contents run_child child_path child_functions function_at);

sub child_path {
    my ($name) = @_;
    my $folder = $ENV{KEEL_TESTS} or die "KEEL_TESTS is not set: the folder of the built tests\n";
    return "$folder/$name";
}

# run_child('boot/children/name', arguments => [...], environment => {...}, seconds => 20,
# through => [command that runs it]) returns { status, signal, output, errors }; one that does not end
# in time dies by SIGALRM. `sends_signal`: it sends one to its own process. qemu 7.2 may take that in a
# thread of its own which runs no guest, and die of it without a word: then it is tried again.
sub run_child {
    my ($name, %options) = @_;
    my $tries = $options{sends_signal} && $ENV{KEEL_EMULATOR} ? 5 : 1;
    my $child;
    do {
        $child = run_once($name, %options);
    } while (--$tries > 0 && $child->{signal} == POSIX::SIGSEGV && $child->{errors} eq '');
    return $child;
}

sub run_once {
    my ($name, %options) = @_;
    my @command = (@{ $options{through} // [] },
        split(' ', $ENV{KEEL_EMULATOR} // ''), child_path($name));
    push @command, @{ $options{arguments} // [] };
    my ($output, $output_path) = tempfile(UNLINK => 1);
    my ($errors, $errors_path) = tempfile(UNLINK => 1);
    my $child = fork() // die "fork: $!";
    if ($child == 0) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>&', $output or POSIX::_exit(127);
        open STDERR, '>&', $errors or POSIX::_exit(127);
        # The harness's own variables would be taken for settings of the runtime.
        delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
        $ENV{EMULATED} = 1 if "@command" =~ /\bqemu-/;    # as tools/run-tests says it
        %ENV = (%ENV, %{ $options{environment} // {} });
        alarm($options{seconds} // 20);    # survives exec
        no warnings 'exec';
        # A child that is meant to die by a signal leaves no core file.
        exec 'sh', '-c', 'ulimit -c 0; exec "$0" "$@"', @command or POSIX::_exit(127);
    }
    waitpid $child, 0;
    my $result = $?;
    return {
        status => $result >> 8,
        signal => $result & 127,
        output => contents($output_path),
        errors => contents($errors_path),
    };
}

# The child's functions in the order of their addresses: [address, name], ...; none without nm.
sub child_functions {
    my ($name) = @_;
    my $path = child_path($name);
    open my $pipe, '-|', "nm -n '$path' 2>/dev/null" or return;
    return map { /^([0-9a-f]+) [tT] (\S+)/ ? [ hex $1, $2 ] : () } <$pipe>;
}

# The name of the function in which the address lies.
sub function_at {
    my ($address, @functions) = @_;
    my $name = 'none';
    for my $function (@functions) {
        $name = $function->[1] if $function->[0] <= $address;
    }
    return $name;
}

sub contents {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/;
    return <$file> // '';
}

1;
