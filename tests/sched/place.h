/* On which CPUs a thread may run, for the tests of where workers begin and wake. */
#ifndef KEEL_TESTS_PLACE_H
#define KEEL_TESTS_PLACE_H

#include <asm/unistd.h>

#include "tests/sched/meeting.h"

enum { cpus_words = 16 };

struct cpus {
    uint64_t words[cpus_words];
};

static inline struct cpus cpus_allowed(void)
{
    struct cpus cpus = {{0}};
    arch_syscall3(__NR_sched_getaffinity, 0, sizeof cpus, (long)&cpus);
    return cpus;
}

static inline bool cpus_are_same(const struct cpus *one, const struct cpus *other)
{
    for (int i = 0; i < cpus_words; i++) {
        if (one->words[i] != other->words[i])
            return false;
    }
    return true;
}

static inline int cpus_count(const struct cpus *cpus)
{
    int number = 0;
    for (int i = 0; i < cpus_words; i++)
        number += __builtin_popcountll(cpus->words[i]);
    return number;
}

/*
 * Whether the calling thread may run there, and there only. Who has made it, and sent it away, may
 * be held up before it gives it back what it had: that is waited for.
 */
static inline bool cpus_become(const struct cpus *wanted)
{
    int64_t end = keel_now() + meeting_patience / 4;
    for (;;) {
        struct cpus now = cpus_allowed();
        if (cpus_are_same(&now, wanted))
            return true;
        if (keel_now() > end)
            return false;
        arch_syscall0(__NR_sched_yield);
    }
}

#endif
