/*
 * How the tasks of a test meet. All waits end by themselves after a while, so that a scheduler
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

static inline bool meeting_wait(const uint32_t *count, uint32_t wanted, void (*between_looks)(void))
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, wanted)) {
        if (keel_now() > end)
            return false;
        between_looks();
    }
    return true;
}

static inline void meeting_give_up_cpu(void)
{
    arch_syscall0(__NR_sched_yield);
}

static inline void meeting_pause(void)
{
    arch_pause();
}

/* Keeps the worker while it waits: those who are to arrive need others. */
static inline bool spin_until(const uint32_t *count, uint32_t wanted)
{
    return meeting_wait(count, wanted, meeting_give_up_cpu);
}

/* Keeps the CPU too: as one who computes, without a system call. */
static inline bool keep_cpu_until(const uint32_t *count, uint32_t wanted)
{
    return meeting_wait(count, wanted, meeting_pause);
}

/* Lets other tasks of this worker run while it waits. */
static inline bool yield_until(const uint32_t *count, uint32_t wanted)
{
    return meeting_wait(count, wanted, keel_yield);
}

#endif
