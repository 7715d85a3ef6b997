/*
 * Contents that tell whose they are: a block is filled from its number, so that a byte of another
 * block, or one that was lost, shows.
 */
#ifndef KEEL_TESTS_PATTERN_H
#define KEEL_TESTS_PATTERN_H

#include "tests/random.h"

static inline unsigned char pattern_byte(uint64_t number, size_t position)
{
    return (unsigned char)((number + 1) * 167 + position * 13 + (position >> 8) * 7);
}

/*
 * Which bytes of a block carry the pattern: all of a small one; of a large one its ends and one
 * byte in 509, which no power of two hides, so that tests of many large blocks end in time.
 */
static inline size_t pattern_step(size_t position, size_t size)
{
    return size <= 4096 || position < 64 || position + 64 + 509 > size ? 1 : 509;
}

static inline void pattern_fill(void *block, size_t size, uint64_t number)
{
    unsigned char *bytes = block;
    for (size_t i = 0; i < size; i += pattern_step(i, size))
        bytes[i] = pattern_byte(number, i);
}

/* Whether the first `kept` bytes of a block that was filled with `size` are as they were. */
static inline bool pattern_holds(const void *block, size_t size, size_t kept, uint64_t number)
{
    const unsigned char *bytes = block;
    for (size_t i = 0; i < kept; i += pattern_step(i, size)) {
        if (bytes[i] != pattern_byte(number, i))
            return false;
    }
    return true;
}

#endif
