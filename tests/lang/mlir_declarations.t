#!/usr/bin/perl
# The MLIR declarations: that they say what runtime.h says, that mlir-opt accepts them and a program
# that uses them, and that this program, lowered and linked, runs.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib $FindBin::Bin;
use ExamplePrograms qw(source_folder library_folder run_example expected slurp);

my $examples = source_folder() . '/examples/coolscript';
my $work     = tempdir(CLEANUP => 1);

my %mlir_type = (
    'void'        => [],
    'int'         => ['i32'],
    'size_t'      => ['i64'],
    'cs_task_fn'  => ['!llvm.ptr'],
    'cs_string_t' => [ '!llvm.ptr', 'i64' ],
);

# The MLIR types of a C type, with or without a parameter's name after it.
sub lowered {
    my ($type) = @_;
    return ['!llvm.ptr'] if $type =~ /\*/;
    my ($word) = $type =~ /^\s*(\w+)/;
    return $mlir_type{$word} // die "a type that this test does not know: $type\n";
}

# Each function of runtime.h as `name(types) -> (types)`.
sub declared_in_c {
    my $text = slurp(source_folder() . '/include/runtime.h') =~ s{/\*.*?\*/}{}gsr;
    my %declared;
    while ($text =~ /^(\w[\w ]*[ *]+)(cs_\w+)\(([^()]*)\);/mg) {
        my ($result, $name, $parameters) = ($1, $2, $3);
        my @types = map { @{ lowered($_) } } split /,/, $parameters;
        $declared{$name} = signature(\@types, lowered($result));
    }
    return \%declared;
}

sub declared_in_mlir {
    my ($text) = @_;
    my %declared;
    while ($text =~ /^\s*func\.func private \@(\w+)\(([^()]*)\)(?: -> (\S+))?/mg) {
        my ($name, $parameters, $result) = ($1, $2, $3);
        my @types = map { s/^\s*%\w+:\s*|\s+//gr } split /,/, $parameters;
        $declared{$name} = signature(\@types, [ grep { defined } $result ]);
    }
    return \%declared;
}

sub signature {
    my ($parameters, $results) = @_;
    return '(' . join(', ', @$parameters) . ') -> (' . join(', ', @$results) . ')';
}

my $declarations = slurp("$examples/runtime.mlir");
is_deeply(declared_in_mlir($declarations), declared_in_c(), 'runtime.mlir declares what runtime.h does');

# The newest of a tool of MLIR's, which Debian calls NAME-VERSION.
sub newest_tool {
    my ($name) = @_;
    my %versions = map { $_ => (/-(\d+)$/ ? $1 : 1000) }
        grep { -x } map { ("$_/$name", glob "$_/$name-[0-9]*") } split /:/, $ENV{PATH};
    my ($newest) = sort { $versions{$b} <=> $versions{$a} } keys %versions;
    return $newest;
}

# Returns the command's exit status and what it wrote to standard error.
sub run_command {
    my ($input, $output, @command) = @_;
    my $child = fork() // die "fork: $!\n";
    if ($child == 0) {
        open STDIN,  '<', $input          or POSIX::_exit(127);
        open STDOUT, '>', $output         or POSIX::_exit(127);
        open STDERR, '>', "$work/errors" or POSIX::_exit(127);
        no warnings 'exec';
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    waitpid $child, 0;
    return ($?, slurp("$work/errors"));
}

sub check_accepted {
    my ($mlir_opt, $file, $what) = @_;
    my ($status, $errors) = run_command($file, "$work/verified.mlir", $mlir_opt);
    return is("$status $errors", '0 ', "mlir-opt accepts $what");
}

# From the func dialect to a program that has printed its line.
sub check_program {
    my ($mlir_opt, $mlir_translate, $clang, $file) = @_;
    my ($status, $errors) =
        run_command($file, "$work/lowered.mlir", $mlir_opt, '--convert-arith-to-llvm',
        '--convert-cf-to-llvm', '--convert-func-to-llvm', '--reconcile-unrealized-casts');
    is("$status $errors", '0 ', 'the program is lowered to the llvm dialect') or return;
    ($status, $errors) =
        run_command("$work/lowered.mlir", "$work/program.ll", $mlir_translate, '--mlir-to-llvmir');
    is("$status $errors", '0 ', 'and to LLVM IR') or return;

    my @link = (
        '-Wno-override-module', '-nostdlib', '-static', "$work/program.ll",
        '-o', "$work/program", '-L' . library_folder(), '-lcsruntime'
    );
    my $linked;
    for my $option ([], [qw(-mllvm -opaque-pointers)]) {
        ($status, $errors) = run_command('/dev/null', '/dev/null', $clang, @$option, @link);
        $linked = $status == 0 and last;
    }
    ok($linked, 'clang links it') or return diag $errors;
    is(run_example("$work/program", emulated => 1), expected('document'), 'it prints what it should');
    return;
}

SKIP: {
    my $mlir_opt = newest_tool('mlir-opt');
    skip 'mlir-opt is not installed (apt-get install mlir-16-tools)', 1 if !$mlir_opt;
    check_accepted($mlir_opt, "$examples/runtime.mlir", 'the declarations');

    my $program = "$work/program.mlir";
    open my $file, '>', $program or die "$program: $!\n";
    print $file $declarations, slurp("$examples/document.mlir");
    close $file;
    check_accepted($mlir_opt, $program, 'a program with them') or last SKIP;

    my $mlir_translate = newest_tool('mlir-translate');
    chomp(my $clang = `"@{[source_folder()]}/tools/find-clang"`);
    skip 'mlir-translate or clang is not installed', 1 if !$mlir_translate || !$clang;
    check_program($mlir_opt, $mlir_translate, $clang, $program);
}
done_testing();
