/* keel_alloc_zeroed: zero when it is fresh, and zero when it was used before. */
#include "base/memory.h"
#include "keel/mem.h"
#include "tests/tap.h"

enum { KiB = 1024, MiB = 1024 * 1024, rounds = 3 };

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Several at once, so that parts that were used before meet parts that were not. */
static bool stays_zero(size_t size)
{
    enum { at_once = 4 };
    unsigned char *blocks[at_once];
    bool zero = true;
    for (unsigned round = 0; round < rounds; round++) {
        unsigned count = round == 0 ? 1 : at_once;
        for (unsigned i = 0; i < count; i++) {
            blocks[i] = keel_alloc_zeroed(size, 1);
            if (blocks[i] == NULL)
                return false;
            zero = zero && is_zero(blocks[i], size);
            memset(blocks[i], 0xa5, keel_usable_size(blocks[i]));
        }
        for (unsigned i = 0; i < count; i++)
            keel_free(blocks[i]);
    }
    return zero;
}

/* A run that grew and shrank where it is: what it gave back is not fresh. */
static bool stays_zero_behind_resized(void)
{
    unsigned char *block = keel_alloc(100 * KiB);
    for (size_t size = 200 * KiB; size <= 1600 * KiB; size *= 2) {
        block = keel_realloc(block, size);
        memset(block, 0x5a, size);
    }
    block = keel_realloc(block, 100 * KiB);
    unsigned char *zeroed = keel_alloc_zeroed(3, 500 * KiB);
    bool zero = zeroed != NULL && is_zero(zeroed, 1500 * KiB);
    keel_free(zeroed);
    keel_free(block);
    return zero;
}

int main(void)
{
    check(stays_zero(1), "1 byte");
    check(stays_zero(100), "100 bytes");
    check(stays_zero(64 * KiB), "64 KiB, the largest class");
    check(stays_zero(64 * KiB + 1), "one byte more, a run of slices");
    check(stays_zero(1000 * KiB), "1,000 KiB");
    check(stays_zero(3 * MiB), "3 MiB");
    check(stays_zero(5 * MiB), "5 MiB, a mapping");
    check(stays_zero(20 * MiB), "20 MiB");
    check(stays_zero_behind_resized(), "where a resized block was");
    unsigned char *product = keel_alloc_zeroed(1000, 1001);
    check(product != NULL && keel_usable_size(product) >= 1001000, "a product of 1,001,000 bytes");
    keel_free(product);
    return tap_done();
}
