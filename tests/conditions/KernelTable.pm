package KernelTable;

# The table of system calls in doc/kernel.md, and the calls' numbers.
use strict;
use warnings;
use Cwd            'abs_path';
use Exporter       'import';
use File::Basename 'dirname';

our @EXPORT_OK = qw(kernel_calls call_numbers source_calls);

my $source = abs_path(dirname(__FILE__) . '/../..');

# { call, when, since, kind, refused, test } for each row.
sub kernel_calls {
    open my $file, '<', "$source/doc/kernel.md" or die "doc/kernel.md: $!\n";
    my @found;
    while (<$file>) {
        my ($call, @rest) = /^\| `(\w+)` \| (.*) \| (\S*) \| (\w*) \| (.*) \| (.*) \|$/ or next;
        push @found, { call => $call, when => $rest[0], since => $rest[1], kind => $rest[2], refused => $rest[3],
            test => $rest[4] };
    }
    return @found;
}

# The numbers of calls by name, from the kernel's headers.
sub call_numbers {
    my $compiler = $ENV{CC} // 'cc';
    open my $pipe, '-|', "echo '#include <asm/unistd.h>' | $compiler -E -dM - 2>/dev/null" or return;
    return map { /^#define __NR_(\w+) (\d+)$/ ? ($1 => $2) : () } <$pipe>;
}

# The calls that the library's source names: [call, file], ...
sub source_calls {
    my @found;
    for my $path (map { glob "$source/$_" }
        qw(base/*.[chS] boot/*.[chS] mem/*.[chS] signal/*.[chS] backtrace/*.[chS] sched/*.[chS] chan/*.[chS]
        lang/*/*.[chS] abi/*.[chS] arch/*.[chS] arch/*/*.[chS] arch/*/*/*.[chS] include/*.h include/*/*.h))
    {
        open my $file, '<', $path or die "$path: $!\n";
        my $name = $path =~ s{^\Q$source\E/}{}r;
        while (<$file>) {
            push @found, map { [ $_, $name ] } /__NR_(\w+)/g;
        }
    }
    return @found;
}

1;
