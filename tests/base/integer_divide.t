#!/usr/bin/perl
# Division of 128-bit numbers by zero ends the process as division of words does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use POSIX 'SIGFPE';
use Test::More tests => 1;

is(run_child('base/children/division_by_zero')->{signal}, SIGFPE, 'SIGFPE');
