/*
 * On which CPU a worker wakes, or begins: on another than its waker's. place.c says why.
 */
#ifndef KEEL_SCHED_PLACE_H
#define KEEL_SCHED_PLACE_H

#include "base/base.h"

struct sched_worker;

enum { sched_place_cpus_most = 1024, sched_place_nowhere = -1 };

/* A worker's. */
struct sched_place {
    int32_t thread; /* atomic, the kernel's number; 0: nobody may place it yet; < 0: at all */
    uint32_t away;  /* atomic, bytes of `cpus`; 0: it may run where it likes */
    uint64_t cpus[sched_place_cpus_most / 64]; /* where it might run before it was sent away */
};

/*
 * A new thread, which is in sched.newborn since before its clone. For its maker, just after: sends
 * it away from the caller's CPU. For who ends the process: calls it back to the caller's CPU, if it
 * has not begun. For itself, first of all.
 */
void sched_place_newborn(struct sched_worker *worker, long thread);
void sched_place_call_back(void);
void sched_place_begin(struct sched_worker *worker);

/*
 * Whether who made the worker's thread has given back where it may run. Before that nobody gives
 * the worker another thread.
 */
bool sched_place_is_settled(const struct sched_worker *worker);

/* For a worker's own thread, before it makes one that is to run where it may itself: until then. */
void sched_place_settle(const struct sched_worker *worker);

/* The kernel's number of the worker's thread; 0: it is not known, or not yet. */
int32_t sched_place_thread(struct sched_worker *worker);

/*
 * A sleeper. For who wakes it, before: sees to it that it wakes elsewhere. For the woken one: it
 * may run where it might before.
 */
void sched_place_elsewhere(struct sched_worker *worker);
void sched_place_anywhere(struct sched_worker *worker);

#endif
