/*
 * On which CPU a worker wakes, or begins: on another than its waker's. place.c says why.
 */
#ifndef KEEL_SCHED_PLACE_H
#define KEEL_SCHED_PLACE_H

#include "base/base.h"

struct sched_worker;

enum { sched_place_cpus_most = 1024 };

/* A worker's. */
struct sched_place {
    int32_t thread; /* atomic, the kernel's number; 0: nobody may place it yet */
    uint32_t bytes; /* of `cpus`; 0: it may run where it likes. Passed on with the worker's wake */
    uint64_t cpus[sched_place_cpus_most / 64]; /* where it might run before it was sent away */
};

/* For its maker, just after the clone: sends the new thread away from the caller's CPU. */
void sched_place_newborn(struct sched_worker *worker, long thread);

/* For who wakes it, before: sees to it that it wakes elsewhere, if it may run elsewhere. */
void sched_place_elsewhere(struct sched_worker *worker);

/* For the woken worker: it may run where it might before. */
void sched_place_anywhere(struct sched_worker *worker);

#endif
