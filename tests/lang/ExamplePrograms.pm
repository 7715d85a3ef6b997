package ExamplePrograms;

# Builds the programs of examples/coolscript with tools/build-examples and runs them.
use strict;
use warnings;
use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(basename dirname);
use POSIX          ();

our @EXPORT_OK = qw(source_folder library_folder compiler build_examples run_example expected slurp);

sub source_folder {
    return abs_path(dirname(__FILE__) . '/../..');
}

# Where the archives of the configuration under test lie.
sub library_folder {
    my $tests = $ENV{KEEL_TESTS} or die "KEEL_TESTS is not set: the folder of the built tests\n";
    return abs_path("$tests/..");
}

# The compiler that built them, by the folder's name: build/ARCH-COMPILER/BUILD.
sub compiler {
    my ($name) = basename(dirname(library_folder())) =~ /^\w+-(.+)$/ or return 'cc';
    return $name;
}

# build_examples(OPTION..., LIBRARY_FOLDER, OUTPUT_FOLDER) returns { name, verdict, rest } for each
# program; the verdict is made (rest: its file), skipped (why) or failed (the compiler's words).
sub build_examples {
    my @arguments = @_;
    local $ENV{CC} = compiler();
    open my $lines, '-|', source_folder() . '/tools/build-examples', @arguments
        or die "tools/build-examples: $!\n";
    my @programs;
    while (my $line = <$lines>) {
        chomp $line;
        my ($verdict, $name, $rest) = split ' ', $line, 3;
        $rest = slurp($rest) if $verdict eq 'failed';
        push @programs, { name => $name, verdict => $verdict, rest => $rest };
    }
    close $lines;
    return @programs;
}

# What examples/coolscript has for `document.typed` and its like in document.expected.
sub expected {
    my ($name) = @_;
    return slurp(source_folder() . '/examples/coolscript/' . $name =~ s/\..*//sr . '.expected');
}

# run_example(FILE, emulated => 0 or 1, arguments => [...], environment => {...}) returns all that the
# program said on both outputs, and a line more when it did not end with status 0 within a minute.
sub run_example {
    my ($file, %options) = @_;
    my @emulator = $options{emulated} ? split ' ', $ENV{KEEL_EMULATOR} // '' : ();
    my $child    = open(my $output, '-|') // die "fork: $!\n";
    if ($child == 0) {
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
        %ENV = (%ENV, %{ $options{environment} // {} });
        alarm 60;    # survives exec
        no warnings 'exec';
        my @command = (@emulator, $file, @{ $options{arguments} // [] });
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    my $said = do { local $/; <$output> }
        // '';
    close $output;
    return $? == 0 ? $said : "${said}wait status $?\n";
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return <$file> // '';
}

1;
