/* Thread-local variables too large and too aligned for the reserve: on the process's stack. */
#include "base/memory.h"
#include "base/thread_block.h"
#include "tests/tap.h"

enum { large = 100 * 1024 };

static _Thread_local char first = 'f';
static _Thread_local _Alignas(256) unsigned char zeros[large];
static _Thread_local uint32_t last = 0xdeadbeef;

static unsigned char *volatile zeros_place;
static char *volatile first_place;
static uint32_t *volatile last_place;

/* Uses a good deal of stack below what was carved. */
static uint64_t deep(unsigned depth)
{
    volatile uint64_t local[64];
    for (unsigned i = 0; i < 64; i++)
        local[i] = depth;
    return depth == 0 ? 0 : deep(depth - 1) + local[depth % 64];
}

static bool holds(unsigned char byte)
{
    bool is_same = true;
    for (size_t i = 0; i < large; i++)
        is_same = is_same && zeros_place[i] == byte;
    return is_same;
}

int main(void)
{
    zeros_place = zeros;
    first_place = &first;
    last_place = &last;
    check_equal((uintptr_t)zeros_place % 256, 0, "100 KiB, aligned");
    check(holds(0), "all zero");
    check_equal(*first_place, 'f', "a letter");
    check_equal(*last_place, 0xdeadbeef, "a number");
    memset(zeros_place, 0x55, large);
    check_equal(deep(400), 80200, "the stack goes on below");
    check(holds(0x55), "and leaves the variables alone");
    check(*first_place == 'f' && *last_place == 0xdeadbeef, "which leave each other alone");
    check(thread_block()->self == thread_block() && thread_block()->canary != 0, "and the block");
    return tap_done();
}
