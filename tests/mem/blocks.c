/* keel_alloc, keel_realloc and keel_free on one thread: sizes, alignment, contents. */
#include "base/memory.h"
#include "keel/mem.h"
#include "mem/class.h"
#include "tests/mem/pattern.h"
#include "tests/tap.h"

enum { most_live = 20000, steps = 200000, MiB = 1024 * 1024 };

static uint64_t random_state = 0x2545f4914f6cdd1d;

static bool block_is_good(size_t size)
{
    unsigned char *block = keel_alloc(size);
    bool good = block != NULL && (uintptr_t)block % 16 == 0 && keel_usable_size(block) >= size;
    if (good) {
        size_t usable = keel_usable_size(block);
        pattern_fill(block, usable, size);
        good = pattern_holds(block, usable, usable, size);
    }
    keel_free_sized(block, size);
    return good;
}

static bool every_class_is_good(void)
{
    for (unsigned i = 0; i < mem_class_count; i++) {
        size_t size = mem_class_size(i);
        if (!block_is_good(size - 1) || !block_is_good(size) || !block_is_good(size + 1))
            return false;
    }
    return true;
}

static bool large_sizes_are_good(void)
{
    for (size_t size = 64 * 1024; size <= 24 * MiB; size += size / 7) {
        if (!block_is_good(size - 1) || !block_is_good(size) || !block_is_good(size + 1))
            return false;
    }
    return true;
}

/* Mostly small, some medium, a few that have a run or a mapping of their own. */
static size_t random_size(void)
{
    size_t kind = random_below(&random_state, 1000);
    if (kind < 900)
        return random_below(&random_state, 1024);
    if (kind < 995)
        return random_below(&random_state, 20000);
    return random_below(&random_state, kind < 999 ? 300000 : 5 * MiB);
}

static struct {
    unsigned char *block;
    size_t size;
    uint64_t number;
} live[most_live];

static bool fill_slot(size_t slot, uint64_t number)
{
    live[slot].size = random_size();
    live[slot].number = number;
    live[slot].block = keel_alloc(live[slot].size);
    if (live[slot].block == NULL || keel_usable_size(live[slot].block) < live[slot].size)
        return false;
    pattern_fill(live[slot].block, live[slot].size, number);
    return true;
}

static bool slot_holds(size_t slot)
{
    return pattern_holds(live[slot].block, live[slot].size, live[slot].size, live[slot].number);
}

static bool resize_slot(size_t slot)
{
    size_t size = random_size();
    size_t before = live[slot].size;
    unsigned char *moved = keel_realloc(live[slot].block, size);
    if (moved == NULL)
        return false;
    size_t kept = size < before ? size : before;
    bool holds = pattern_holds(moved, before, kept, live[slot].number);
    live[slot].block = moved;
    live[slot].size = size;
    pattern_fill(moved, size, live[slot].number);
    return holds;
}

/* Frees, allocates and resizes at random; a byte of another block in one shows when it is freed. */
static void run_random_set(void)
{
    unsigned failed = 0;
    for (size_t slot = 0; slot < most_live; slot++)
        failed += !fill_slot(slot, slot);
    check_equal(failed, 0, "20,000 blocks of random sizes");
    for (size_t step = 0; step < steps; step++) {
        size_t slot = random_below(&random_state, most_live);
        failed += !slot_holds(slot);
        if (step % 4 == 0) {
            failed += !resize_slot(slot);
            continue;
        }
        keel_free(live[slot].block);
        failed += !fill_slot(slot, most_live + step);
    }
    check_equal(failed, 0, "200,000 steps on them: each block keeps its bytes");
    for (size_t slot = 0; slot < most_live; slot++) {
        failed += !slot_holds(slot);
        keel_free(live[slot].block);
    }
    check_equal(failed, 0, "all still hold at the end");
}

/* Up by half, down to two thirds, through small blocks, runs and mappings. */
static void run_one_through_all_sizes(size_t up_to)
{
    size_t size = 1;
    size_t filled = 1;
    unsigned failed = 0;
    unsigned char *block = keel_alloc(size);
    pattern_fill(block, filled, 5);
    while (size < up_to) {
        size += size / 2 + 1;
        block = keel_realloc(block, size);
        failed += block == NULL || !pattern_holds(block, filled, filled, 5);
        filled = size;
        pattern_fill(block, filled, 5);
    }
    check_equal(failed, 0, "a block that grows to many megabytes keeps its bytes");
    while (size > 1) {
        size = size * 2 / 3;
        block = keel_realloc(block, size);
        failed += block == NULL || !pattern_holds(block, filled, size, 5);
        filled = size;
        pattern_fill(block, filled, 5);
    }
    check_equal(failed, 0, "and when it shrinks to one");
    check(keel_usable_size(block) <= 256, "and then it is a small block");
    keel_free(block);
}

static void check_small_print(void)
{
    void *first = keel_alloc(0);
    void *second = keel_alloc(0);
    check(first != NULL && second != NULL && first != second, "blocks of 0 bytes are blocks");
    check(keel_usable_size(first) >= 1, "of at least one byte");
    first = keel_realloc(first, 0);
    check(first != NULL, "resized to 0 a block is still one");
    keel_free(first);
    keel_free_sized(second, 0);
    keel_free(NULL);
    keel_free_sized(NULL, 12);
    check_equal(keel_usable_size(NULL), 0, "NULL has no bytes; freeing it does nothing");
    void *block = keel_realloc(NULL, 100);
    check(block != NULL && keel_usable_size(block) >= 100, "resizing NULL allocates");
    keel_free(block);
}

/* A mapped block that was freed a moment ago serves the next one of its size, but not any. */
static void check_kept_block(void)
{
    keel_free(keel_alloc(14 * MiB));
    void *block = keel_alloc(5 * MiB);
    check(keel_usable_size(block) < 7 * MiB, "5 MiB are not served by 14");
    keel_free(block);
}

static void check_same_pages(void)
{
    void *block = keel_alloc(5 * MiB - 100);
    size_t usable = keel_usable_size(block);
    check(keel_realloc(block, usable) == block && keel_usable_size(block) == usable,
          "a mapped block may have what lies behind it anyway");
    keel_free(block);
}

int main(void)
{
    check_small_print();
    check(every_class_is_good(), "blocks around the size of every class");
    check(large_sizes_are_good(), "blocks of up to 24 MiB");
    check_kept_block();
    check_same_pages();
    run_random_set();
    run_one_through_all_sizes(40 * MiB);
    return tap_done();
}
