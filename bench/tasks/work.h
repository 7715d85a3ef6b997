/*
 * What is computed, the same in every C and C++ program of the task benchmark; the Go and the Rust
 * programs have it in their own words. None of it can be guessed by a compiler, and all of it has
 * one right result.
 */
#ifndef WORK_H
#define WORK_H

#include <stdint.h>

enum {
    fan_out_tasks = 64,
    fan_out_rounds = 480 * 1000, /* about a millisecond: each waits for the one before */
    loop_length = 1 << 20,
    loop_hits = 261, /* of loop_length numbers */
    saxpy_length = 1 << 22,
    saxpy_grain = 1 << 14,
    fork_fib_of = 32,
    fork_fib_value = 2178309,
    fork_fib_calls = 7049155,
    sleepers = 100 * 1000,
    sleeps_each = 10,
};

/* The sum of all work_compute(0 … 63), modulo 2^64. */
static const uint64_t fan_out_sum = 0xE2DA477939007D72u;

static inline uint64_t work_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static inline uint64_t work_compute(uint64_t x)
{
    for (int i = 0; i < fan_out_rounds; i++)
        x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u + 1;
    return x;
}

/* A loop without memory: numbers that mix to a multiple of 4096 leave a mark; there are few. */
static inline void work_loop(int64_t begin, int64_t end, unsigned char *marks, unsigned char mark)
{
    for (int64_t i = begin; i < end; i++) {
        if ((work_mix((uint64_t)i) & 4095) == 0)
            marks[i] = mark;
    }
}

static inline int work_loop_is_right(const unsigned char *marks, unsigned char mark)
{
    int hits = 0;
    for (int64_t i = 0; i < loop_length; i++)
        hits += marks[i] == mark;
    return hits == loop_hits;
}

static inline void work_saxpy(int64_t begin, int64_t end, const float *x, float *y)
{
    for (int64_t i = begin; i < end; i++)
        y[i] = 3.0f * x[i] + y[i];
}

static inline void work_saxpy_begin(float *x, float *y)
{
    for (int i = 0; i < saxpy_length; i++) {
        x[i] = (float)(i % 8);
        y[i] = 0.0f;
    }
}

/* Looks at a few elements of every part. */
static inline int work_saxpy_is_right(const float *x, const float *y, uint64_t passes)
{
    for (int i = 0; i < saxpy_length; i += 1009) {
        if (y[i] != 3.0f * x[i] * (float)passes)
            return 0;
    }
    return 1;
}

/* Milliseconds of the sleeps, 1 to 100. */
static inline int64_t work_nap(uint64_t sleeper, uint64_t sleep)
{
    return (int64_t)(work_mix(sleeper * sleeps_each + sleep) % 100) + 1;
}

#endif
