package Machine;

# Debian's own kernel in qemu-system-x86_64, with an initramfs of one program: booted, and what its serial
# line said. For the tests of such places.
use strict;
use warnings;
use Commands       qw(is_installed);
use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use POSIX          ();
use Test::More;

my $seconds = 180;
my $source  = abs_path(dirname(__FILE__) . '/..');
chomp(my $kernel = `'$source/tools/from-package' --path kernel` // '');

# Why there can be none; '' when there can.
sub missing {
    return 'no kernel is there: tools/from-package kernel' if $kernel eq '';
    return is_installed('qemu-system-x86_64') ? '' : 'qemu-system-x86_64 is not installed';
}

# Starts a machine of two CPUs and some MiB whose serial line goes to the file FOLDER/WORD; the word is the
# program's argument. Returns its process.
sub boot {
    my ($folder, $initramfs, $word, $memory) = @_;
    my $machine = fork() // die "fork: $!\n";
    return $machine if $machine != 0;
    open STDIN,  '<', '/dev/null' or POSIX::_exit(127);
    open STDOUT, '>', "$folder/$word.qemu" or POSIX::_exit(127);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
    delete @ENV{qw(KEEL_TESTS KEEL_EMULATOR)};
    alarm $seconds;    # survives exec
    exec 'qemu-system-x86_64', qw(-nic none -display none -no-reboot -smp 2), '-m', $memory,
        '-serial', "file:$folder/$word", '-kernel', $kernel, '-initrd', $initramfs,
        '-append', "console=ttyS0 quiet panic=-1 -- $word"
        or POSIX::_exit(127);
}

# What the serial line said, without the kernel's time stamps and carriage returns, when the machine has ended.
sub wait_for {
    my ($folder, $word, $machine) = @_;
    waitpid $machine, 0;
    is($?, 0, "$word: the machine ended by itself") or diag _content("$folder/$word.qemu");
    my $said = _content("$folder/$word");
    unlike($said, qr/unpacking failed/, "$word: the kernel finds no fault in the archive");
    return $said =~ s/\r//gr =~ s/^\[ *\d+\.\d+\] //gmr;
}

sub _content {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

1;
