#!/usr/bin/perl
# tools/lint finds nothing in the tree, and does find what is planted in a copy of three files.
# time limit: 120 s
use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use lib "$FindBin::Bin/..";
use Commands qw(is_installed);

plan skip_all => 'an emulator runs programs, not scripts' if $ENV{KEEL_EMULATOR};
plan skip_all => 'once is enough' if ($ENV{KEEL_TESTS} // '') !~ m{-gcc/release/tests$};
my $source = "$FindBin::Bin/../..";

SKIP: {
    skip 'no git here', 1 if system("cd '$source' && git rev-parse >/dev/null 2>&1") != 0;
    my $said = qx('$source/tools/lint' 2>&1);
    is($?, 0, 'tools/lint finds nothing') or diag($said);
}

# Command that is needed, file, text with a fault.
my @plants = (
    [ 'clang-format', 'base/planted.c', "int planted( void );\n" ],
    [ 'cppcheck', 'base/planted.c', "int planted(void);\nint planted(void)\n{\n    int value;\n    return value;\n}\n" ],
    [ 'shellcheck', 'tools/planted', "#!/bin/sh\n# Planted.\nrm \$1\n" ],
    [ 'perl', 'tools/planted', "#!/usr/bin/perl\n# Planted.\nprint (;\n" ],
);
for my $plant (@plants) {
    my ($command, $path, $text) = @$plant;
  SKIP: {
        skip "$command or git is not installed", 2 if !is_installed($command) || !is_installed('git');
        my $tree = tempdir(CLEANUP => 1);
        make_path("$tree/base", "$tree/tools");
        system("cp '$source/.clang-format' '$tree' && cp '$source/tools/lint' '$tree/tools' && git -C '$tree' init -q") == 0
            or die "no copy\n";
        is(system("'$tree/tools/lint' >/dev/null 2>&1"), 0, "$command: a copy without a fault passes");
        open my $file, '>', "$tree/$path" or die $!;
        print $file $text;
        close $file;
        isnt(system("'$tree/tools/lint' >/dev/null 2>&1"), 0, "$command finds what is planted");
    }
}
done_testing();
