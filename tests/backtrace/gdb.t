#!/usr/bin/perl
# The switch in a debugger: gdb steps through it instruction by instruction, and at each one sees the
# frames of the stack that the stack pointer is on, with the registers that they left.
use strict;
use warnings;
use File::Temp 'tempdir';
use FindBin;
use lib "$FindBin::Bin/..";
use ChildProgram 'child_path';
use Commands 'is_installed';
use Test::More;

plan skip_all => 'gdb sees an emulator, not the program' if $ENV{KEEL_EMULATOR};
plan skip_all => 'gdb is not installed' if !is_installed('gdb');

my $work    = tempdir(CLEANUP => 1);
my $program = child_path('backtrace/children/switch');
my $gdb     = 'gdb -nx -batch -iex "set debuginfod enabled off"';
plan skip_all => 'gdb cannot trace here, or has no Python'
    if `$gdb -ex "python print(6 * 7)" -ex run /bin/true 2>&1` !~ /^42\n.*exited normally/ms;

open my $script, '>', "$work/steps.py" or die "$work/steps.py: $!\n";
print {$script} <<'PYTHON';
import gdb
import re

PRESERVED = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15', 'rsp', 'rip']
SWITCHES = ['arch_context_switch', 'arch_context_start']
STACKS = {}

def number(expression):
    return int(gdb.parse_and_eval(expression))

# Assembly by clang has no names of the source; and gdb takes the archive's for Ada's, with a point.
def plain(name):
    return re.sub(r'^keel(__|\.)', '', name or '?')

def frames():
    found, frame = [], gdb.newest_frame()
    while frame is not None:
        found.append(frame)
        frame = frame.older()
    return found

def names(walk):
    return [plain(frame.name()) for frame in walk]

def registers(frame):
    return [int(frame.read_register(name)) & 0xffffffffffffffff for name in PRESERVED]

def stack():
    pointer = number('(unsigned long)$rsp')
    for name in ('first_stack', 'second_stack'):
        low = number('(unsigned long)&' + name)
        if low <= pointer <= low + number('sizeof ' + name):
            return name
    return 'main'

def look(left, counts):
    """One instruction: is the walk that of the stack we are on?"""
    walk = frames()
    kind = 'before' if stack() == left else 'after'
    wanted = STACKS.get(stack())
    if wanted is None:   # a fresh stack
        right = names(walk) == ['arch_context_start']
    else:
        right = names(walk)[1:] == wanted[0] and registers(walk[1]) == wanted[1]
    counts[kind] += 1
    if not right:
        counts['wrong'] += 1
        print('# on %s at %s: %s' % (stack(), gdb.newest_frame().pc(), names(walk)))

gdb.execute('set pagination off')
gdb.execute('set confirm off')
gdb.execute('set backtrace past-main on')
for symbol in SWITCHES:
    gdb.execute('break *&keel__' + symbol)
gdb.execute('run', to_string=True)
while gdb.selected_inferior().pid != 0:
    here = plain(gdb.newest_frame().name())
    left = stack()
    walk = frames()
    STACKS[left] = (names(walk)[1:], registers(walk[1]))
    counts = {'before': 0, 'after': 0, 'wrong': 0}
    while plain(gdb.newest_frame().name()) == here:
        look(left, counts)
        gdb.execute('stepi', to_string=True)
    print('%s %s %s before %d after %d wrong %d' % (here, left, '-'.join(STACKS[left][0]),
        counts['before'], counts['after'], counts['wrong']))
    gdb.execute('continue', to_string=True)
PYTHON
close $script or die "$work/steps.py: $!\n";

my $said = `timeout -s KILL 60 $gdb -x $work/steps.py $program 2>&1`;
my @switches = $said =~ /^(arch_\w+ \S+ \S+ before \d+ after \d+ wrong \d+)$/mg;
my %frames = (
    first_stack  => 'give_way-first_inner-first_entry-arch_context_start',
    second_stack => 'give_way-second_inner-second_entry-arch_context_start',
    main         => '(?:give_way-)?main-boot_start-_start',
);
# Two that begin a stack, of which the first comes back at once, the second over the first; and three times
# around.
is(scalar @switches, 2 + 1 + 2 + 3 * 3, 'gdb stops at every switch') || diag $said;
for my $switch (@switches) {
    my ($function, $stack, $walk, $before, $after, $wrong) =
        $switch =~ /^(\w+) (\S+) (\S+) before (\d+) after (\d+) wrong (\d+)$/;
    like($walk, qr/^$frames{$stack}$/, "$function on $stack: the frames");
    is($wrong, 0, '  and registers, at every instruction') || diag $said;
    # Seven words are saved; a context that is continued takes as many back, a fresh one fewer steps.
    cmp_ok($before, '>=', 7, '  before the stack is another');
    cmp_ok($after, '>=', $function eq 'arch_context_start' ? 3 : 7, '  and after');
}

done_testing();
