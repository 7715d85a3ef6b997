/* keel_alloc_aligned: alignments up to 64 MiB, at sizes below and above them. */
#include "base/line.h"
#include "keel/mem.h"
#include "tests/mem/pattern.h"
#include "tests/tap.h"

enum { KiB = 1024, MiB = 1024 * 1024, sizes = 9 };

static const size_t tried_sizes[sizes] = {0,        1,       17,         130,    5000,
                                          70 * KiB, 2 * MiB, 4030 * KiB, 9 * MiB};

static void *blocks[2 * sizes];

static bool is_good(const void *block, size_t size, size_t alignment)
{
    return block != NULL && (uintptr_t)block % alignment == 0 && keel_usable_size(block) >= size;
}

/* All sizes of one alignment are in use at a time, twice, and do not touch each other. */
static bool alignment_is_good(size_t alignment)
{
    bool good = true;
    for (unsigned i = 0; i < 2 * sizes; i++) {
        size_t size = tried_sizes[i % sizes];
        blocks[i] = keel_alloc_aligned(size, alignment);
        if (!is_good(blocks[i], size, alignment))
            return false;
        pattern_fill(blocks[i], size, i);
    }
    for (unsigned i = 0; i < 2 * sizes; i++) {
        size_t size = tried_sizes[i % sizes];
        good = good && pattern_holds(blocks[i], size, size, i);
        keel_free_sized(blocks[i], size);
    }
    return good;
}

static bool survives_realloc(size_t alignment)
{
    void *block = keel_alloc_aligned(6 * MiB, alignment);
    if (block == NULL)
        return false;
    pattern_fill(block, 6 * MiB, 3);
    void *grown = keel_realloc(block, 30 * MiB);
    bool good = grown != NULL && pattern_holds(grown, 6 * MiB, 6 * MiB, 3);
    void *shrunk = keel_realloc(grown, 20);
    good = good && shrunk != NULL && pattern_holds(shrunk, 6 * MiB, 20, 3);
    keel_free(shrunk);
    return good;
}

int main(void)
{
    for (size_t alignment = 1; alignment <= 64 * MiB; alignment *= 2) {
        struct line line;
        line_begin(&line);
        line_text(&line, "aligned to ");
        line_number(&line, alignment);
        line.text[line.len] = '\0';
        check(alignment_is_good(alignment), line.text);
    }
    check(survives_realloc(2 * MiB), "an aligned block may be resized");
    check(survives_realloc(4 * MiB), "so may one at a chunk's border");
    check(survives_realloc(16 * MiB), "and one aligned to more than a chunk");
    check(keel_alloc_aligned(8, 0) == NULL, "0 is no alignment");
    check(keel_alloc_aligned(8, 48) == NULL, "48 is no alignment");
    return tap_done();
}
