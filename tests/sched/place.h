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

#endif
