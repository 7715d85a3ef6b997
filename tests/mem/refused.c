/*
 * Memory calls that the kernel refuses, each in a process of its own: what cannot be given back is
 * kept for later, what cannot be moved is copied, and nothing is damaged.
 */
#include <asm/signal.h>
#include <linux/mman.h>

#include "base/memory.h"
#include "keel/mem.h"
#include "mem/stack.h"
#include "tests/cases.h"
#include "tests/mem/pattern.h"
#include "tests/mem/resident.h"

enum { MiB = 1024 * 1024, run_size = 3900 * 1024, runs = 4, right = 0, wrong = 1 };

static int verdict(bool is_right)
{
    return is_right ? right : wrong;
}

static unsigned char *filled(size_t size)
{
    unsigned char *block = keel_alloc(size);
    pattern_fill(block, size, 3);
    return block;
}

/* Resizes as `block` was filled: NULL when a byte is not as it was. */
static unsigned char *resized(unsigned char *block, size_t before, size_t size)
{
    block = keel_realloc(block, size);
    size_t kept = before < size ? before : size;
    return block != NULL && pattern_holds(block, before, kept, 3) ? block : NULL;
}

/* ---- munmap */

/* The chunks of runs that were freed serve again, since they cannot go. */
static int keeps_chunks(void)
{
    unsigned char *blocks[runs];
    for (int i = 0; i < runs; i++)
        blocks[i] = filled(run_size);
    refuse_syscall(__NR_munmap, ENOMEM);
    for (int i = 0; i < runs; i++)
        keel_free(blocks[i]);
    int64_t mapped = statm_read(statm_mapped);
    for (int i = 0; i < runs; i++) {
        if (keel_alloc(run_size) == NULL)
            return wrong;
    }
    return verdict(statm_read(statm_mapped) == mapped);
}

static int discards_blocks(void)
{
    int64_t before = statm_read(statm_resident);
    void *first = filled(16 * MiB), *second = filled(16 * MiB);
    refuse_syscall(__NR_munmap, ENOMEM);
    keel_free(first);
    keel_free(second);
    return verdict(statm_read(statm_resident) - before < 18 * MiB);
}

static int does_not_shrink(void)
{
    unsigned char *block = filled(24 * MiB);
    refuse_syscall(__NR_munmap, ENOMEM);
    block = resized(block, 24 * MiB, 20 * MiB);
    if (block == NULL || (block = resized(block, 20 * MiB, 5 * MiB)) == NULL)
        return wrong;
    return verdict(resized(block, 5 * MiB, 100) != NULL);
}

static int does_not_shrink_nor_map(void)
{
    unsigned char *block = filled(24 * MiB);
    refuse_syscall(__NR_munmap, ENOMEM);
    refuse_syscall(__NR_mmap, ENOMEM);
    return verdict(resized(block, 24 * MiB, 5 * MiB) == block);
}

/* ---- mremap */

static int grows(unsigned char *block)
{
    block = resized(block, 8 * MiB, 24 * MiB);
    if (block == NULL)
        return wrong;
    pattern_fill(block, 24 * MiB, 3);
    return verdict(pattern_holds(block, 24 * MiB, 24 * MiB, 3));
}

static int copies_when_refused(int error)
{
    unsigned char *block = filled(8 * MiB);
    refuse_syscall(__NR_mremap, error);
    return grows(block);
}

static int copies(void)
{
    return copies_when_refused(EPERM);
}

static int copies_where_unknown(void)
{
    return copies_when_refused(ENOSYS);
}

static int moves(void)
{
    unsigned char *block = filled(8 * MiB);
    refuse_syscall_when(__NR_mremap, 3, 0, ENOMEM); /* where it is; by moving is allowed */
    return grows(block);
}

static int cannot_grow(void)
{
    unsigned char *block = filled(8 * MiB);
    refuse_syscall(__NR_mremap, ENOMEM);
    refuse_syscall(__NR_mmap, ENOMEM);
    return verdict(keel_realloc(block, 24 * MiB) == NULL &&
                   pattern_holds(block, 8 * MiB, 8 * MiB, 3));
}

/* ---- madvise, mprotect */

static int does_not_discard(void)
{
    refuse_syscall(__NR_madvise, EPERM);
    for (int round = 0; round < 20; round++) {
        unsigned char *blocks[runs];
        for (int i = 0; i < runs; i++)
            blocks[i] = filled(run_size - (size_t)round * 100 * 1024);
        for (int i = 0; i < runs; i++) {
            size_t size = run_size - (size_t)round * 100 * 1024;
            if (!pattern_holds(blocks[i], size, size, 3))
                return wrong;
            keel_free(blocks[i]);
        }
    }
    unsigned char *zeroed = keel_alloc_zeroed(1, run_size);
    for (size_t i = 0; i < run_size; i++) {
        if (zeroed[i] != 0)
            return wrong;
    }
    return right;
}

/* The first stacks lie in the image. Returns how many there are now. */
static size_t take_stacks_of_image(void)
{
    while ((uintptr_t)mem_stack_acquire() >> 32 == 0)
        continue;
    return mem_stack_count();
}

/* Another mapping is the guard. */
static int guards_by_mapping(void)
{
    size_t count = take_stacks_of_image();
    refuse_slots(EINVAL);
    refuse_syscall(__NR_mprotect, EPERM);
    struct mem_stack *stack = mem_stack_acquire();
    if (stack == NULL || mem_stack_count() != count + 1)
        return wrong;
    *(volatile char *)stack->low = 1;
    *(volatile char *)(stack->low - 1) = 1;
    return wrong;
}

/* No stack without its guard. */
static int has_no_stack(void)
{
    size_t count = take_stacks_of_image();
    refuse_slots(EINVAL);
    int64_t before = statm_read(statm_mapped);
    refuse_syscall(__NR_mprotect, ENOMEM);
    refuse_syscall_when(__NR_mmap, 2, PROT_NONE, ENOMEM);
    bool refused = mem_stack_acquire() == NULL && mem_stack_acquire() == NULL;
    return verdict(refused && mem_stack_count() == count && statm_read(statm_mapped) == before);
}

/* Neither in the image, which stays to be had, nor from the kernel. */
static int has_no_stack_with_memory(void)
{
    enum { small = 1, more_than_in_image = 1024 * 1024 };
    void *behind;
    size_t count = mem_stack_count();
    int64_t before = statm_read(statm_mapped);
    refuse_syscall(__NR_mprotect, ENOMEM);
    refuse_syscall_when(__NR_mmap, 2, PROT_NONE, ENOMEM);
    bool refused = mem_stack_acquire_with(small, &behind) == NULL &&
                   mem_stack_acquire_with(more_than_in_image, &behind) == NULL;
    refuse_syscall(__NR_mmap, ENOMEM);
    refused = refused && mem_stack_acquire_with(more_than_in_image, &behind) == NULL;
    return verdict(refused && mem_stack_count() == count && statm_read(statm_mapped) == before);
}

static int has_no_stack_at_all(void)
{
    size_t count = take_stacks_of_image();
    refuse_slots(EINVAL);
    refuse_syscall(__NR_mmap, ENOMEM);
    return verdict(mem_stack_acquire() == NULL && mem_stack_count() == count);
}

int main(void)
{
    cases_need_refusals();
    check_case(keeps_chunks, right, "no munmap: free chunks serve again");
    check_case(discards_blocks, right,
               "no munmap: a freed block's memory goes, its addresses stay");
    check_case(does_not_shrink, right, "no munmap: a large block is made small");
    check_case(does_not_shrink_nor_map, right, "no munmap, no mmap: it stays as it is");
    check_case(copies, right, "no mremap: a large block grows by copying");
    check_case(copies_where_unknown, right, "a kernel without mremap: the same");
    check_case(moves, right, "no mremap in place: it grows by moving");
    check_case(cannot_grow, right, "no mremap, no mmap: it cannot grow, and is as it was");
    check_case(does_not_discard, right, "no madvise: memory serves again, and zeroed is zero");
    check_case(guards_by_mapping, forked_died + SIGSEGV,
               "no mprotect: another mapping is the guard");
    check_case(has_no_stack, right, "no guard at all: no stack, and nothing is left of it");
    check_case(has_no_stack_with_memory, right, "no guard: no stack with memory behind either");
    check_case(has_no_stack_at_all, right, "no mmap: no stack");
    return tap_done();
}
