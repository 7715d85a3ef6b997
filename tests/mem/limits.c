/*
 * Sizes that do not exist, and memory that the kernel refuses: NULL, and nothing is damaged. The
 * kernel refuses by RLIMIT_AS, in a child process for each limit, so that the refusal hits each of
 * the allocator's mappings in turn.
 */
#include <asm/unistd.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "keel/mem.h"
#include "tests/mem/pattern.h"
#include "tests/mem/resident.h"
#include "tests/mem/threads.h"
#include "tests/tap.h"

enum { KiB = 1024, MiB = 1024 * 1024 };

static void check_impossible_sizes(void)
{
    check(keel_alloc(SIZE_MAX) == NULL, "SIZE_MAX bytes");
    check(keel_alloc(SIZE_MAX - 4096) == NULL, "nearly SIZE_MAX bytes");
    check(keel_alloc(PTRDIFF_MAX) == NULL, "PTRDIFF_MAX bytes");
    check(keel_alloc((size_t)1 << 47) == NULL, "more than the address space");
    check(keel_alloc_zeroed(SIZE_MAX, 2) == NULL, "a product that overflows");
    check(keel_alloc_zeroed((size_t)1 << 33, (size_t)1 << 31) == NULL, "one that overflows to 0");
    check(keel_alloc_zeroed((size_t)1 << 24, (size_t)1 << 24) == NULL, "one that does not fit");
    check(keel_alloc_aligned(SIZE_MAX, 4096) == NULL, "SIZE_MAX bytes, aligned");
    check(keel_alloc_aligned(SIZE_MAX - 64 * KiB, 8 * MiB) == NULL, "aligned to 8 MiB");
    check(keel_alloc_aligned(SIZE_MAX - 5 * MiB, (size_t)1 << 40) == NULL, "aligned to 1 TiB");
    check(keel_alloc_aligned(1, (size_t)1 << 63) == NULL, "the largest power of two");
    check(keel_alloc_aligned((size_t)1 << 62, (size_t)1 << 62) == NULL, "both huge");
}

static void check_impossible_realloc(size_t size)
{
    unsigned char *block = keel_alloc(size);
    pattern_fill(block, size, 9);
    bool refused =
        keel_realloc(block, SIZE_MAX) == NULL && keel_realloc(block, PTRDIFF_MAX - 8 * MiB) == NULL;
    check(refused && pattern_holds(block, size, size, 9), "a refused resize leaves the block");
    keel_free(block);
}

/* Whether the limit is in force: an emulator may only say so. */
static bool limit_address_space(uint64_t bytes)
{
    struct abi_rlimit limit = {.current = bytes, .maximum = ~UINT64_C(0)};
    struct abi_rlimit was;
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, 0, (long)&was);
    limit.maximum = was.maximum;
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, 0, (long)&was);
    return was.current == bytes;
}

enum { slots = 4000 };

static struct {
    unsigned char *block;
    size_t size;
} held[slots];

static size_t size_for(uint64_t *random)
{
    size_t kind = random_below(random, 100);
    if (kind < 80)
        return 1 + random_below(random, 3000);
    return 1 + random_below(random, kind < 98 ? 200 * KiB : 6 * MiB);
}

/* Changes a slot as `kind` says; a refusal must leave it as it is. Returns whether all is well. */
static bool change(size_t slot, size_t kind, uint64_t *random, unsigned *refusals)
{
    unsigned char *block = held[slot].block;
    size_t before = held[slot].size;
    if (block != NULL && !pattern_holds(block, before, before, slot))
        return false;
    if (block != NULL && kind == 0) {
        keel_free(block);
        held[slot].block = NULL;
        return true;
    }
    size_t size = size_for(random);
    unsigned char *changed = keel_realloc(block, size);
    if (changed == NULL) {
        ++*refusals;
        return size > before || block == NULL;
    }
    if (block != NULL && !pattern_holds(changed, before, before < size ? before : size, slot))
        return false;
    held[slot].block = changed;
    held[slot].size = size;
    pattern_fill(changed, size, slot);
    return true;
}

/* What a child does under a limit: 0 when all was well and something was refused; 1, 2. */
static int work_under_limit(uint64_t headroom)
{
    uint64_t random = headroom * 2 + 1;
    unsigned refusals = 0;
    limit_address_space((uint64_t)statm_read(statm_mapped) + headroom);
    for (size_t step = 0; step < 30000; step++) {
        if (!change(random_below(&random, slots), random_below(&random, 4), &random, &refusals))
            return 1;
    }
    for (size_t slot = 0; slot < slots; slot++) {
        if (held[slot].block != NULL &&
            !pattern_holds(held[slot].block, held[slot].size, held[slot].size, slot))
            return 1;
        keel_free(held[slot].block);
    }
    limit_address_space(~UINT64_C(0));
    void *block = keel_alloc(64 * MiB);
    return block == NULL ? 1 : refusals == 0 ? 2 : 0;
}

/* A thread whose heap is refused: it may try again. */
static void begin_under_limit(void *arg)
{
    int *status = arg;
    limit_address_space((uint64_t)statm_read(statm_mapped));
    void *refused = keel_alloc(10);
    void *refused_too = keel_alloc_aligned(10, 1 * MiB);
    keel_free(NULL);
    limit_address_space(~UINT64_C(0));
    void *block = keel_alloc(10);
    *status = refused == NULL && refused_too == NULL && block != NULL ? 0 : 1;
}

static int work_in_thread(uint64_t headroom)
{
    (void)headroom;
    int status = 1;
    struct test_thread thread;
    keel_free(keel_alloc(10)); /* the heap that needs no mapping is taken */
    test_thread_start(&thread, begin_under_limit, &status);
    test_thread_join(&thread);
    return status;
}

/* The exit status of a child that runs under the limit, or negative. */
static long run_child(int (*work)(uint64_t), uint64_t headroom)
{
    long child = arch_syscall0(__NR_fork);
    if (child == 0)
        process_end(work(headroom));
    int status = -1;
    if (child < 0 || arch_syscall4(__NR_wait4, child, (long)&status, 0, 0) != child)
        return -1;
    return (status & 0x7f) == 0 ? status >> 8 : -1;
}

static void check_refusals(void)
{
    int64_t mapped = statm_read(statm_mapped);
    bool limited = mapped >= 0 && limit_address_space((uint64_t)mapped + 1024 * MiB);
    limit_address_space(~UINT64_C(0));
    if (!limited) {
        tap_note("skipped, no RLIMIT_AS here: refused mappings", 0);
        return;
    }
    check_equal(run_child(work_under_limit, 0), 0, "no mapping at all");
    unsigned failed = 0;
    for (uint64_t headroom = 4096; headroom < 8 * MiB; headroom += 1020 * KiB)
        failed += run_child(work_under_limit, headroom) != 0;
    check_equal(failed, 0, "every mapping refused that goes beyond 0 to 8 MiB");
    for (uint64_t headroom = 8 * MiB; headroom < 40 * MiB; headroom += 3 * MiB)
        failed += run_child(work_under_limit, headroom) != 0;
    check_equal(failed, 0, "beyond 8 to 40 MiB");
    check_equal(run_child(work_in_thread, 0), 0, "a thread whose heap is refused may try again");
}

int main(void)
{
    check_refusals();
    check_impossible_sizes();
    check_impossible_realloc(100);
    check_impossible_realloc(300 * KiB);
    check_impossible_realloc(9 * MiB);
    void *block = keel_alloc(100);
    check(block != NULL, "and the allocator still serves");
    keel_free(block);
    return tap_done();
}
