/*
 * How the tasks of a test meet. Both waits end by themselves after a while, so that a scheduler
 * that loses a task makes the test fail instead of hang.
 */
#ifndef KEEL_TESTS_MEETING_H
#define KEEL_TESTS_MEETING_H

#include <asm/unistd.h>

#include "base/atomic.h"
#include "keel/task.h"
#include "tests/tap.h"

#define MILLISECOND ((int64_t)1000000)

static const int64_t meeting_patience = 8000 * MILLISECOND;

static inline void arrive(uint32_t *count)
{
    /* RELEASE: with the ACQUIRE of the waits below. */
    atomic_fetch_add(count, 1, RELEASE);
}

static inline bool have_arrived(const uint32_t *count, uint32_t wanted)
{
    /* ACQUIRE: with the RELEASE in arrive. */
    return atomic_load(count, ACQUIRE) >= wanted;
}

/* Keeps the worker while it waits: those who are to arrive need others. */
static inline bool spin_until(const uint32_t *count, uint32_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, wanted)) {
        if (keel_now() > end)
            return false;
        arch_syscall0(__NR_sched_yield);
    }
    return true;
}

/* Lets other tasks of this worker run while it waits. */
static inline bool yield_until(const uint32_t *count, uint32_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, wanted)) {
        if (keel_now() > end)
            return false;
        keel_yield();
    }
    return true;
}

#endif
