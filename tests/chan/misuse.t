#!/usr/bin/perl
# What is noticed of a channel's misuse: a controlled panic that says so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'run_child';
use Test::More;

my @misuses = (
    [ 'drop-too-often',            'drop_sender of a channel that has no sender left' ],
    [ 'clone-after-the-last-drop', 'clone_sender of a channel whose last sender was dropped' ],
    [ 'release-twice',             'no channel, or one whose last reference was released' ],
    (
        map { [ "$_-after-release", 'no channel, or one whose last reference was released' ] }
            qw(send receive close clone drop retain)
    ),
    [ 'release-under-receiver',    'a channel lost its last reference while a task waits on it' ],
    [ 'release-under-sender',      'a channel lost its last reference while a task waits on it' ],
);

for my $misuse (@misuses) {
    my ($name, $text) = @$misuse;
    my $child = run_child('chan/children/misuse', arguments => [$name]);
    like($child->{errors}, qr/^keel: panic: \Q$text\E \(task 1 "main", at 0x[0-9a-f]+\)$/m, $name);
    is($child->{status}, 2, '  status 2');
}

done_testing();
