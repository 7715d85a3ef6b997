/*
 * Runs of slices against a plain model: a byte a slice says who has it. Then what the chunks' words
 * and counts must be is computed from the model.
 */
#include "base/memory.h"
#include "mem/chunk.h"
#include "tests/mem/pattern.h"
#include "tests/tap.h"

enum { runs_most = 300, steps = 60000 };

static struct mem_chunks chunks;
static struct mem_span *runs[runs_most];
static uint64_t random_state = 0x853c49e6748fea9b;

static uint64_t bits_of(const struct mem_span *span)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < span->slices; i++)
        bits |= UINT64_C(1) << (mem_slice_of(span->start) + i);
    return bits;
}

/* Marks the first and last byte of each slice as the run's; a neighbour's mark shows an overlap. */
static void mark(const struct mem_span *span, size_t number)
{
    for (size_t i = 0; i < span->slices; i++)
        memcpy(span->start + i * mem_slice_size, &number, sizeof number);
}

static bool is_marked(const struct mem_span *span, size_t number)
{
    for (size_t i = 0; i < span->slices; i++) {
        const unsigned char *slice = span->start + i * mem_slice_size;
        if (memcmp(slice, &number, sizeof number) != 0 || mem_span_of(slice + 999) != span)
            return false;
    }
    return true;
}

static unsigned longest_run(uint64_t free)
{
    unsigned longest = 0;
    unsigned run = 0;
    for (unsigned i = 0; i < mem_chunk_slices; i++) {
        run = (free >> i & 1) != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* The process's first chunk lies in the image, is shorter and stays. */
static bool is_first(const struct mem_chunk *chunk)
{
    return (uintptr_t)chunk >> 32 == 0;
}

static size_t missing; /* slices that it is shorter by; 0 as long as it has not come */

struct totals {
    size_t free;
    size_t dirty;
    size_t chunks;
    size_t empty;
};

/* Whether each chunk in the bins agrees with itself; adds up what they say. */
static bool bins_hold(struct totals *totals)
{
    for (unsigned bin = 0; bin < mem_chunk_bins; bin++) {
        struct list_node *head = &chunks.bins[bin];
        for (struct list_node *node = head->next; node != head; node = node->next) {
            struct mem_chunk *chunk = container_of(node, struct mem_chunk, link);
            unsigned longest = longest_run(chunk->free);
            if (chunk->bin != bin || longest >> bin != 1 || (chunk->free & 1) != 0 ||
                (chunk->dirty & ~chunk->free) != 0)
                return false;
            for (unsigned i = 0; i < mem_chunk_slices; i++) {
                totals->free += chunk->free >> i & 1;
                totals->dirty += chunk->dirty >> i & 1;
            }
            totals->chunks++;
            totals->empty += longest == mem_chunk_slices - 1;
        }
    }
    return true;
}

static bool counts_hold(void)
{
    struct totals totals = {0};
    if (!bins_hold(&totals))
        return false;
    size_t used = 0;
    for (unsigned i = 0; i < runs_most; i++) {
        if (runs[i] == NULL)
            continue;
        used += runs[i]->slices;
        if (is_first(mem_chunk_of(runs[i])))
            missing = mem_chunk_slices - mem_chunk_first_slices;
        if ((mem_chunk_of(runs[i])->free & bits_of(runs[i])) != 0 || !is_marked(runs[i], i))
            return false;
    }
    size_t full = chunks.count - totals.chunks; /* chunks in no bin */
    size_t slices = chunks.count * (mem_chunk_slices - 1) - missing;
    return used == chunks.used && totals.dirty == chunks.dirty && totals.empty == chunks.empty &&
           totals.chunks <= chunks.count && used + totals.free == slices &&
           full * (mem_chunk_slices - 1) <= used + missing;
}

static unsigned random_slices(void)
{
    size_t kind = random_below(&random_state, 10);
    size_t limit = kind < 6 ? 1 : kind < 9 ? 8 : 62;
    return 1 + (unsigned)random_below(&random_state, limit);
}

static bool take(unsigned slot)
{
    unsigned slices = random_slices();
    unsigned stride = 1u << random_below(&random_state, 4);
    if (stride + slices > mem_chunk_slices)
        stride = 1;
    struct mem_span *span = mem_run_take(&chunks, slices, stride);
    if (span == NULL || span->slices != slices || mem_slice_of(span->start) % stride != 0)
        return false;
    runs[slot] = span;
    mark(span, slot);
    return true;
}

static bool resize(unsigned slot)
{
    unsigned before = runs[slot]->slices;
    unsigned slices = random_slices();
    bool resized = mem_run_resize(&chunks, runs[slot], slices);
    if (!resized)
        return slices > before && runs[slot]->slices == before;
    if (runs[slot]->slices != slices)
        return false;
    mark(runs[slot], slot);
    return true;
}

static bool step(void)
{
    unsigned slot = (unsigned)random_below(&random_state, runs_most);
    if (runs[slot] == NULL)
        return take(slot);
    if (!is_marked(runs[slot], slot))
        return false;
    if (random_below(&random_state, 3) == 0)
        return resize(slot);
    mem_run_give(&chunks, runs[slot]);
    runs[slot] = NULL;
    return true;
}

int main(void)
{
    mem_chunks_init(&chunks, NULL);
    unsigned failed = 0;
    for (size_t i = 0; i < steps && failed == 0; i++) {
        failed += !step();
        if (i % 50 == 0)
            failed += !counts_hold();
    }
    check_equal(failed, 0,
                "60,000 times taken, given back, resized: the words agree with the model");
    for (unsigned i = 0; i < runs_most; i++) {
        if (runs[i] != NULL)
            mem_run_give(&chunks, runs[i]);
        runs[i] = NULL;
    }
    check(counts_hold(), "so they do when all is given back");
    check_equal(chunks.used, 0, "then nothing is in use");
    check(missing > 0 && chunks.count == 2, "and one chunk is kept beside the first");
    mem_chunks_discard(&chunks, 0);
    check_equal(chunks.dirty, 0, "without its memory when that is asked for");
    return tap_done();
}
