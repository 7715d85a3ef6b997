/* Lending workers on: what blocking.c (the calls) and lender.c (the threads) are to each other. */
#ifndef KEEL_SCHED_BLOCKING_H
#define KEEL_SCHED_BLOCKING_H

#include "sched/sched.h"

struct sched_lender {
    uint32_t watches; /* atomic, a futex: 1 while the lender looks at the workers */
    uint32_t pause;   /* atomic: calls that will not try to make it: that was refused */
    bool is_there;    /* made, or being made: guarded by `watches` (who turns it to 1) */

    /* Guarded by sched.idle_lock. */
    uint32_t lent;               /* atomic: calls whose worker is with another thread */
    struct sched_thread *spares; /* threads without a worker, last come first */

    /* Guarded by `lock`. */
    struct lock lock;
    uint32_t waiting;   /* atomic: tasks that wait to begin a call */
    struct queue queue; /* of those, who have to wait for the end of one */
};

extern struct sched_lender sched_lender;

/* How many calls there may be at a time. */
uint32_t sched_blocking_limit(void);

/* Step 3 of a call that begins, when nobody watches: makes or wakes the lender. */
void sched_lender_begin(void);

/*
 * Step f, for a thread that has no worker, and whose call is at its end: takes the worker of a
 * thread that sleeps, and gives it thread->stack as a spare one; or returns false.
 */
bool sched_lender_regain(struct sched_thread *thread);

/* The same, for who exits: makes a worker if nobody sleeps. Panics when there is no memory. */
void sched_lender_add_worker(struct sched_thread *thread);

/*
 * The entry of the stack on which a thread goes on that has left its task behind: makes the task
 * findable, and waits until it gets a worker. `thread` is a struct sched_thread.
 */
_Noreturn void sched_lender_leave(void *thread);

#endif
