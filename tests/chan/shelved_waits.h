/* Ways in which tasks wait with a pattern on their stacks, to be shelved meanwhile (shelved.h). */
#ifndef KEEL_TESTS_SHELVED_WAITS_H
#define KEEL_TESTS_SHELVED_WAITS_H

#include "keel/chan.h"
#include "keel/sync.h"
#include "tests/chan/shelved.h"
#include "tests/chan/waiting.h"

enum { tasks_most = 64 };

static keel_task *tasks[tasks_most];
static keel_chan *chan;

/* What a task does with its stack in use; returns whether that went as it should. */
typedef bool wait_fn(uint64_t seed);

static __attribute__((noinline)) bool wait_with_pattern(wait_fn *wait, uint64_t seed)
{
    volatile struct pattern pattern;
    pattern_fill(&pattern, seed);
    bool good = wait(seed);
    return pattern_is_whole(&pattern, seed) && good;
}

static wait_fn *waits;

static inline void *run(void *arg)
{
    return (void *)(uintptr_t)wait_with_pattern(waits, (uintptr_t)arg);
}

static inline void start(wait_fn *wait, unsigned count)
{
    waits = wait;
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = create_shelved(run, (void *)i);
}

static inline unsigned await_good(unsigned count)
{
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        good += result != NULL;
    }
    return good;
}

/* `chan` anew, a rendezvous. */
static inline void renew_chan(size_t element_size)
{
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, element_size);
}

enum { word_before = 1000 };

static inline bool receive_word(uint64_t seed)
{
    uint64_t before = ~seed, word = seed + word_before, after = seed;
    return keel_chan_receive(chan, &word) == 1 && word == seed + 7 && before == ~seed &&
           after == seed;
}

static inline bool receive_none(uint64_t seed)
{
    uint64_t word = seed;
    return keel_chan_receive(chan, &word) == 0 && word == seed;
}

static keel_wait_group sweeps_passed;

static inline bool wait_for_sweeps(uint64_t seed)
{
    keel_wait_group_wait(&sweeps_passed);
    return seed == 0;
}

static inline void *begin_to_wait_for_sweeps(void *arg)
{
    wait_with_pattern(wait_for_sweeps, 0);
    return arg;
}

/*
 * Lets sweeps go over all who wait already, as often as one is shelved by it. Returns whether that
 * was seen: of a task that began to wait later.
 */
static inline bool let_sweeps_pass(void)
{
    enum { rounds = 3 };
    bool passed = true;
    for (unsigned i = 0; i < rounds; i++) {
        keel_wait_group_add(&sweeps_passed, 1);
        keel_task *last = create_shelved(begin_to_wait_for_sweeps, NULL);
        passed = until_shelved(&last, 1) && passed;
        keel_wait_group_done(&sweeps_passed);
        keel_task_await(last, NULL);
    }
    return passed;
}

#endif
