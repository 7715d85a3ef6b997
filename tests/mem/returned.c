/* Memory that is not used any more goes back to the kernel: what was taken, how much is left. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/thread_block.h"
#include "keel/mem.h"
#include "mem/mem.h"
#include "tests/mem/pattern.h"
#include "tests/mem/resident.h"
#include "tests/tap.h"

enum {
    MiB = 1024 * 1024,
    blocks_most = 400000,
    kept_running = 32 * MiB, /* 16 of free slices, and what an emulator needs for itself */
    kept_asleep = 20 * MiB,
};

static unsigned char *blocks[blocks_most];
static uint64_t random_state = 0x9e3779b97f4a7c15;

/* Takes about 128 MiB in blocks below `largest` and returns how many. */
static size_t take(size_t largest)
{
    size_t count = 0;
    for (size_t total = 0; total < (size_t)128 * MiB && count < blocks_most; count++) {
        size_t size = 1 + random_below(&random_state, largest);
        blocks[count] = keel_alloc(size);
        memset(blocks[count], 1, size);
        total += keel_usable_size(blocks[count]);
    }
    return count;
}

static void shuffle(size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = random_below(&random_state, i + 1);
        unsigned char *block = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = block;
    }
}

static void check_returned(const char *what, size_t largest, bool in_order)
{
    int64_t before = statm_read(statm_resident);
    size_t count = take(largest);
    int64_t taken = statm_read(statm_resident) - before;
    if (!in_order)
        shuffle(count);
    for (size_t i = 0; i < count; i++)
        keel_free(blocks[i]);
    int64_t left = statm_read(statm_resident) - before;
    tap_note("MiB taken", taken / MiB);
    tap_note("MiB left", left / MiB);
    check(taken > (int64_t)100 * MiB && left < kept_running, what);
}

/* Twice: a collection is only thorough when the one before is a while ago. */
static void check_collected(int64_t at_start)
{
    for (unsigned round = 0; round < 2; round++) {
        size_t count = take(3000);
        for (size_t i = 0; i < count; i++)
            keel_free(blocks[i]);
        int64_t until = clock_now() + 150 * 1000 * 1000;
        while (clock_now() < until)
            arch_pause();
        mem_heap_collect();
    }
    int64_t left = statm_read(statm_resident) - at_start;
    tap_note("MiB left", left / MiB);
    check(left < kept_asleep, "a thread that goes to sleep keeps next to nothing");
}

/*
 * However often: what is mapped anew is unmapped again. The blocks' contents look like the header
 * of a chunk of this thread, which must not matter, not even at a chunk's border.
 */
static void check_no_growth(void)
{
    int64_t before = statm_read(statm_mapped);
    for (unsigned i = 0; i < 300; i++) {
        void *block = keel_alloc_aligned(5 * MiB + i * 4096, i % 2 == 0 ? 16 : 8 * MiB);
        block = keel_realloc(block, (7 + i % 13) * MiB);
        *(void **)block = thread_block()->heap;
        keel_free(block);
    }
    int64_t grown = statm_read(statm_mapped) - before;
    tap_note("MiB of addresses kept", grown / MiB);
    check(grown < 64 * MiB, "mapped blocks give back their addresses");
}

int main(void)
{
    memset(blocks, 1, sizeof blocks); /* so that it is not counted later */
    int64_t at_start = statm_read(statm_resident);
    if (at_start < 0) {
        skip("memory returned", "there is no /proc");
        return tap_done();
    }
    check_returned("small blocks, freed in order", 600, true);
    check_returned("small blocks, freed in disorder", 600, false);
    check_returned("medium blocks, freed in disorder", 60000, false);
    check_returned("large blocks, freed in disorder", 3 * MiB, false);
    check_returned("larger blocks, freed in disorder", 10 * MiB, false);
    check_collected(at_start);
    check_no_growth();
    return tap_done();
}
