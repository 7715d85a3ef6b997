package Bench::Run;

# What the runs of a benchmark share: what was chosen on the command line, where things lie, on which machine
# they run, and how figures are summed up and shown.
use strict;
use warnings;
use Bench::Programs;
use Cwd ();
use Exporter   qw(import);
use File::Path qw(make_path);

our @EXPORT_OK = qw(chosen setting allowed_cpus print_machine load content least_and_median shown);

# Of all names those in the list, in their own order; all when there is no list.
sub chosen {
    my ($kind, $list, @all) = @_;
    return @all if !defined $list;
    my %there = map { $_ => 1 } @all;
    for my $name (split /,/, $list) {
        die "$0: there is no $kind '$name'; there are: @all\n" if !$there{$name};
    }
    my %wanted = map { $_ => 1 } split /,/, $list;
    return grep { $wanted{$_} } @all;
}

# The folder of the library (built first when none is given), one below it for the programs, the compilers.
sub setting {
    my ($source, $folder, $work) = @_;
    $folder = Cwd::abs_path($folder // _built_folder());
    -f "$folder/libcsruntime.a" or die "$0: the folder of libcsruntime.a is wanted\n";
    make_path("$folder/$work");
    return (
        folder => $folder,
        work   => "$folder/$work",
        cc     => $ENV{CC}  // _first_of(qw(gcc clang cc)) // die("$0: no C compiler\n"),
        'c++'  => $ENV{CXX} // _first_of(qw(g++ clang++ c++)) // 'c++',
        source => $source,
    );
}

sub _built_folder {
    system('make -s BUILD=release all') == 0 or die "$0: Keel does not build\n";
    chomp(my $built = `make -s BUILD=release print-folder`);
    return $built;
}

sub _first_of {
    for my $name (@_) {
        return $name if Bench::Programs::command($name);
    }
    return;
}

# The CPUs that this process may use, in order.
sub allowed_cpus {
    my ($list) = content('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;
    return map { /(\d+)-(\d+)/ ? $1 .. $2 : $_ } split /,/, $list // 0;
}

sub print_machine {
    my ($cpu) = content('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)$/m;
    chomp(my $kernel = content('/proc/sys/kernel/osrelease'));
    printf "%s (%d CPUs), Linux %s, load %s\n", $cpu // 'unknown CPU', scalar(allowed_cpus()), $kernel, load();
    return;
}

sub load {
    return (split ' ', content('/proc/loadavg'))[0] // '?';
}

sub content {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

# Of the rounds; nothing when one failed: then none is to be trusted.
sub least_and_median {
    my (@figures) = @_;
    return if !@figures || grep { !defined } @figures;
    @figures = sort { $a <=> $b } @figures;
    my $middle = int(@figures / 2);
    my $median = @figures % 2 ? $figures[$middle] : ($figures[ $middle - 1 ] + $figures[$middle]) / 2;
    return ($figures[0], $median);
}

sub shown {
    my ($figure) = @_;
    return sprintf $figure < 10 ? '%.2f' : $figure < 100 ? '%.1f' : '%.0f', $figure;
}

1;
