/*
 * What the debug archive finds: a child process for each misuse, which must end in a panic. The
 * release archive does not look; there it is only tested that right use is not taken for misuse.
 */
#include "keel/mem.h"
#include "mem/check.h"
#include "tests/forked.h"
#include "tests/tap.h"

enum { MiB = 1024 * 1024, panic_status = 2 };

static unsigned char not_a_block[64];

static void free_twice(void)
{
    void *block = keel_alloc(100);
    keel_free(block);
    keel_free(block);
}

static void free_run_twice(void)
{
    void *block = keel_alloc(1 * MiB);
    keel_free(block);
    keel_free(block);
}

static void free_mapped_twice(void)
{
    void *block = keel_alloc(8 * MiB);
    keel_free(block);
    keel_free(block);
}

static void free_foreign(void)
{
    keel_free(not_a_block + 16);
}

static void free_inside(void)
{
    unsigned char *block = keel_alloc(100);
    keel_free(block + 16);
}

static void free_inside_run(void)
{
    unsigned char *block = keel_alloc(1 * MiB);
    keel_free(block + 128 * 1024);
}

static void free_with_wrong_size(void)
{
    keel_free_sized(keel_alloc(100), 5000);
}

static void resize_freed(void)
{
    void *block = keel_alloc(100);
    keel_free(block);
    block = keel_realloc(block, 50);
}

static void use_rightly(void)
{
    void *blocks[] = {keel_alloc(1),
                      keel_alloc(100),
                      keel_alloc(1 * MiB),
                      keel_alloc(8 * MiB),
                      keel_realloc(keel_alloc(100), 100000),
                      keel_alloc_aligned(100, 4 * MiB),
                      keel_alloc_aligned(100, 65536)};
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++) {
            size_t usable = keel_usable_size(blocks[i]);
            keel_free_sized(blocks[i], usable);
            blocks[i] = keel_alloc(usable);
        }
    }
}

static int nowhere;

/* The exit status, or -1 for another end. */
static int status_of(void (*fn)(void))
{
    int status = status_of_forked(fn, nowhere);
    return (status & 0x7f) == 0 ? status >> 8 : -1;
}

int main(void)
{
    nowhere = null_descriptor();
    check_equal(status_of(use_rightly), 0, "right use");
    if (!mem_checked) {
        tap_note("skipped, this archive does not check: misuse", 0);
        return tap_done();
    }
    check_equal(status_of(free_twice), panic_status, "a block freed twice");
    check_equal(status_of(free_run_twice), panic_status, "a run freed twice");
    check_equal(status_of(free_mapped_twice), panic_status, "a mapped block freed twice");
    check_equal(status_of(free_foreign), panic_status, "no block");
    check_equal(status_of(free_inside), panic_status, "the middle of a block");
    check_equal(status_of(free_inside_run), panic_status, "the middle of a run");
    check_equal(status_of(free_with_wrong_size), panic_status, "the wrong size");
    check_equal(status_of(resize_freed), panic_status, "a freed block resized");
    return tap_done();
}
