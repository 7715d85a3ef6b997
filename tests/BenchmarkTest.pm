# What the tests of the benchmarks share: where they run, what is built with what, and what is printed.
package BenchmarkTest;
use strict;
use warnings;
use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use Test::More;
use lib abs_path(dirname(__FILE__)) . '/lang';
use ExamplePrograms qw(source_folder library_folder compiler);

our @EXPORT_OK = qw(run_natively_once benchmark_setting tables_of);

# Skips the whole test under an emulator ("$what runs natively"), and but for one build.
sub run_natively_once {
    my ($what) = @_;
    plan skip_all => "$what runs natively" if $ENV{KEEL_EMULATOR};
    plan skip_all => 'once is enough'      if compiler() ne 'gcc' || library_folder() =~ m{/debug$};
    return;
}

# What tools/Bench* want to know to build programs in the folder; from here on in the source tree.
sub benchmark_setting {
    my ($work) = @_;
    my %setting = (folder => library_folder(), work => $work, cc => 'gcc', 'c++' => 'g++', source => source_folder());
    delete $ENV{KEEL_TESTS};    # no option of the programs'
    chdir $setting{source} or die "$setting{source}: $!\n";
    return %setting;
}

# What a report prints.
sub tables_of {
    my ($report) = @_;
    open my $to, '>', \my $tables or die "$!\n";
    my $before = select $to;
    $report->print_tables;
    select $before;
    return $tables;
}

1;
