/* What a worker counts, and what it notes of its time. stats.c reads both. */
#ifndef KEEL_SCHED_COUNTS_H
#define KEEL_SCHED_COUNTS_H

#include "base/atomic.h"
#include "base/base.h"

/*
 * What a worker counts (keel_sched_stats says of what). Words of its own: written by its own
 * thread, without a locked instruction; they never go down. Anyone may read them, RELAXED; but of
 * `spawned` and `ended` wait_all.c wants that who sees an end sees what the task had spawned.
 */
struct sched_counts {
    uint64_t spawned;
    uint64_t ended;
    uint64_t parks[2]; /* [1]: those of keel_yield */
    uint64_t wakes;
    uint64_t steals;
    uint64_t sleeps;
    uint64_t held_long; /* written by the watchdog (watchdog.c) */
    uint64_t taking; /* no count: 1 while it may have taken a task that is uncounted yet (fork.c) */
};

/* What a worker does, and for how long it has; kept only in programs that ask (stats.c). */
enum sched_activity {
    SCHED_ACTIVITY_RUNNING,
    SCHED_ACTIVITY_SEARCHING,
    SCHED_ACTIVITY_IDLE,
    SCHED_ACTIVITIES
};

struct sched_times {
    uint32_t sequence; /* atomic; odd while the rest is being written */
    uint32_t activity; /* atomic: enum sched_activity; SCHED_ACTIVITIES: it has retired */
    int64_t since;     /* atomic; 0: before the first note */
    int64_t spent[SCHED_ACTIVITIES]; /* atomic; until `since` */
};

/* One more of what the calling thread's worker counts. RELAXED: a number by itself. */
static inline void sched_count(uint64_t *count)
{
    atomic_store(count, *count + 1, RELAXED);
}

/* A task has ended. RELEASE: with the ACQUIRE in are_gone (wait_all.c): who sees it sees what it
 * did. */
static inline void sched_count_ended(struct sched_counts *counts)
{
    atomic_store(&counts->ended, counts->ended + 1, RELEASE);
}

#endif
