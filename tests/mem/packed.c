/* Packed stacks: where they lie, that none is given twice, what is written over, what goes back. */
#include "mem/packed.h"

#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "base/atomic.h"
#include "tests/mem/resident.h"
#include "tests/tap.h"

enum { count = 40000 };

static struct mem_stack *stacks[count];

static uintptr_t first_byte(const struct mem_stack *stack)
{
    return stack->low - sizeof(uint64_t);
}

/* ---- chunks that nobody uses */

static bool is_mapped(const void *address)
{
    return arch_syscall3(__NR_msync, (long)address, arch_page_size, MS_ASYNC) == 0;
}

/* `taken` are there; returns how many are taken until one lies in another chunk than before. */
static unsigned take_until_next_chunk(unsigned taken)
{
    unsigned i = taken;
    if (i == 0)
        stacks[i++] = mem_packed_take(0);
    do
        stacks[i++] = mem_packed_take(0);
    while (stacks[i - 1]->packed.chunk == stacks[i - 2]->packed.chunk);
    return i - taken;
}

/* The last of one chunk and the first of the next come and go. New memory would be zero. */
static void edge_of_a_chunk(unsigned last)
{
    const uint64_t written = 0x123456789;
    unsigned wrong = 0;
    *(volatile uint64_t *)stacks[last]->low = written;
    for (int i = 0; i < 3; i++) {
        mem_packed_give(stacks[last - 1]);
        mem_packed_give(stacks[last]);
        stacks[last - 1] = mem_packed_take(0);
        stacks[last] = mem_packed_take(0);
        wrong += *(volatile uint64_t *)stacks[last]->low != written;
    }
    check_equal(wrong, 0, "who comes and goes at the edge of a chunk has no new one each time");
}

static unsigned count_mapped(struct packed_chunk *const *chunks, unsigned of)
{
    unsigned mapped = 0;
    for (unsigned i = 0; i < of; i++)
        mapped += is_mapped(chunks[i]);
    return mapped;
}

static void unused_chunks(void)
{
    struct packed_chunk *chunks[4];
    unsigned taken = 0;
    for (unsigned i = 0; i < 3; i++) {
        taken += take_until_next_chunk(taken);
        chunks[i] = stacks[taken - 2]->packed.chunk;
        if (i == 0)
            edge_of_a_chunk(taken - 1);
    }
    chunks[3] = stacks[taken - 1]->packed.chunk;
    check_equal(count_mapped(chunks, 4), 4, "four chunks are in use");
    for (unsigned i = 0; i < taken; i++)
        mem_packed_give(stacks[i]);
    check_equal(count_mapped(chunks, 4), 1, "of those that nobody uses one stays");
    check(mem_stack_empty_pools() && count_mapped(chunks, 4) == 0, "until memory is short");
    check(!mem_stack_empty_pools(), "then there is nothing more to be had");
}

/* Addresses for nothing new: what one size does not use is there for another. */
static void another_size(void)
{
    struct abi_rlimit before, limit;
    int64_t mapped = statm_read(statm_mapped);
    if (is_emulated() || mapped < 0 ||
        arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, 0, (long)&before) != 0) {
        skip("an unused chunk is there for another size", "no limit of addresses here");
        return;
    }
    mem_packed_give(mem_packed_take(0));
    limit = (struct abi_rlimit){(uint64_t)statm_read(statm_mapped), before.maximum};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
    struct mem_stack *stack = mem_packed_take(2);
    check(stack != NULL, "an unused chunk is there for another size");
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&before, 0);
    if (stack != NULL)
        mem_packed_give(stack);
    mem_stack_empty_pools();
}

/* ---- stacks */

static void sizes(void)
{
    unsigned wrong = 0;
    for (unsigned number = 0; number < mem_packed_numbers; number++) {
        size_t size = mem_packed_size(number);
        for (unsigned i = 0; i < 300; i++) {
            stacks[i] = mem_packed_take(number);
            uintptr_t low = first_byte(stacks[i]);
            wrong += low % size != 0 || (uintptr_t)(stacks[i] + 1) != low + size ||
                     (uintptr_t)mem_stack_top(stacks[i]) % 16 != 0;
        }
        for (unsigned i = 0; i < 300; i++)
            mem_packed_give(stacks[i]);
    }
    check_equal(wrong, 0, "each is as large as its size, and lies at a multiple of it");
    check(mem_packed_number(1) == 0 && mem_packed_number(1024) == 0 &&
              mem_packed_number(1025) == 1 && mem_packed_number(2049) == 2 &&
              mem_packed_number(4096) == 2,
          "sizes are rounded up");
}

/* Each is filled with a number of its own, over several chunks, some of huge pages. */
static void none_twice(void)
{
    for (uintptr_t i = 0; i < count; i++) {
        stacks[i] = mem_packed_take(0);
        volatile uintptr_t *word = (volatile uintptr_t *)stacks[i]->low;
        for (; word < (volatile uintptr_t *)stacks[i]; word++)
            *word = i;
    }
    unsigned wrong = 0, damaged = 0;
    for (uintptr_t i = 0; i < count; i++) {
        const volatile uintptr_t *word = (volatile uintptr_t *)stacks[i]->low;
        for (; word < (volatile uintptr_t *)stacks[i]; word++)
            wrong += *word != i;
        damaged += !mem_packed_is_whole(stacks[i]) || !mem_packed_has_mark(stacks[i]);
    }
    check_equal(wrong, 0, "40,000 are used to the full, and none lies in another");
    check_equal(damaged, 0, "who uses no more than it has writes over nothing");
}

static void given_again(void)
{
    struct mem_stack *given = stacks[count / 2];
    mem_packed_give(given);
    stacks[count / 2] = mem_packed_take(0);
    check(stacks[count / 2] == given, "what is given back is taken next");
    check(given->packed.context == NULL && mem_packed_is_whole(given), "as if new");
}

static bool is_found(volatile uint64_t *place, const struct mem_stack *stack, bool by_mark)
{
    uint64_t before = *place;
    *place = before ^ 1;
    bool found = by_mark ? !mem_packed_has_mark(stack) : !mem_packed_is_whole(stack);
    *place = before;
    return found && mem_packed_is_whole(stack) && mem_packed_has_mark(stack);
}

static void damage(void)
{
    const struct mem_stack *stack = stacks[count / 2];
    uint64_t *low = (uint64_t *)stack->low;
    check(is_found(low - 1, stack, false), "its canary");
    check(is_found(low - 2, stack, false), "the mark of the one below");
    check(is_found((uint64_t *)(stack + 1) - 1, stack, true), "its own mark");
    /* Of each the word differs, so a copy of another's is found too. */
    uint64_t before = low[-1];
    low[-1] = *((uint64_t *)stacks[count / 2 + 1]->low - 1);
    check(!mem_packed_is_whole(stack), "a canary copied from another");
    low[-1] = before;
}

/* Of 40 MB at most a chunk of 16 stays. */
static void goes_back(void)
{
    enum { stays_most = 17 * 1024 * 1024 };
    int64_t full = statm_read(statm_resident);
    for (unsigned i = 0; i < count; i++)
        mem_packed_give(stacks[i]);
    int64_t empty = statm_read(statm_resident);
    if (full < 0)
        skip("what is unused goes back", "there is no /proc");
    else
        check(full - empty >= count * (int64_t)mem_packed_least - stays_most,
              "what is unused goes back");
    for (unsigned i = 0; i < count; i++)
        stacks[i] = mem_packed_take(0);
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++)
        wrong += stacks[i] == NULL || !mem_packed_is_whole(stacks[i]);
    check_equal(wrong, 0, "and can be had again");
}

int main(void)
{
    unused_chunks();
    another_size();
    sizes();
    none_twice();
    given_again();
    damage();
    goes_back();
    return tap_done();
}
