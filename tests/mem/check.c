/*
 * What the debug archive finds, asked directly, so in every archive: a child process for each
 * pointer that is no block in use, which must end in a panic.
 */
#include "mem/check.h"

#include "keel/mem.h"
#include "tests/forked.h"
#include "tests/tap.h"

enum { MiB = 1024 * 1024, panic_status = 2, passed = 0 };

static const unsigned char *asked;

static int ask(void)
{
    mem_check_used(asked, NULL);
    return passed;
}

static int answer(const void *ptr)
{
    asked = ptr;
    return forked_status(ask);
}

static int ask_size(void)
{
    mem_check_size(asked, 112, NULL);
    return passed;
}

static void check_small(void)
{
    unsigned char *block = keel_alloc(100);
    check_equal(answer(block), passed, "a block");
    check_equal(answer(block + 16), panic_status, "not its middle");
    check_equal(answer((unsigned char *)mem_chunk_of(block) + 64), panic_status, "not a header");
    asked = block;
    check_equal(forked_status(ask_size), passed, "a size that it has");
    mem_check_mark_free((struct mem_block *)(void *)block);
    check_equal(answer(block), panic_status, "one that is marked as free");
    mem_check_mark_used((struct mem_block *)(void *)block);
    check_equal(answer(block), passed, "and as used again");
    keel_free(block);
    asked = keel_alloc(50);
    check_equal(forked_status(ask_size), panic_status, "a size that it never had");
}

static void check_run(void)
{
    unsigned char *kept = keel_alloc(1 * MiB), *run = keel_alloc(1 * MiB);
    check_equal(answer(run), passed, "a run of slices");
    check_equal(answer(run + 65536), panic_status, "not its second slice");
    keel_free(run);
    check_equal(answer(run), panic_status, "a free run");
    keel_free(kept);
}

static void check_mapping(void)
{
    unsigned char *block = keel_alloc_aligned(5 * MiB, 1 * MiB);
    check_equal(answer(block), passed, "a mapped block");
    check_equal(answer(block - 15 * 65536), panic_status, "not what lies before it");
    keel_free(block);
    check_equal(answer(block), panic_status, "one that is kept for later");
    block = keel_alloc_aligned(100, 4 * MiB);
    check_equal(answer(block), passed, "one at a border of 4 MiB");
    keel_free(block);
}

int main(void)
{
    static unsigned char not_a_block[64];
    check_small();
    check_run();
    check_mapping();
    check_equal(answer(not_a_block + 16), panic_status, "no block");
    return tap_done();
}
