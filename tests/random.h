/* Random numbers, the same in every run: enough to vary sizes, orders and contents. */
#ifndef KEEL_TESTS_RANDOM_H
#define KEEL_TESTS_RANDOM_H

#include "base/base.h"

static const uint64_t random_seed = 88172645463325252u;

/* xorshift64 (Marsaglia, 2003). `*state` must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline size_t random_below(uint64_t *state, size_t limit)
{
    return (size_t)(random_next(state) % limit);
}

/*
 * xorshift64*, whose numbers have good lowest bits too (Vigna, "An experimental exploration of
 * Marsaglia's xorshift generators, scrambled", 2016).
 */
static inline uint64_t random_next_scrambled(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1d;
}

#endif
