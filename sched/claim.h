/*
 * Who ends a wait that several may end: a waker, or the deadline. Whoever moves the claim from OPEN
 * has the right to ready the task, and says by it how the wait has ended; the others leave the task
 * alone. Waits that only one can end (no deadline) do not use it.
 *
 * The claim lies in the task. A task opens it before it can be found, and does not go on before
 * both sides have forgotten it: it takes itself off the waker's list, under the lock of that list,
 * and cancels its timer, under the wheel's lock. So whoever finds the task there, with that lock
 * held, finds the claim of this wait and of no later one. (tests/model/deadline.pml explores it.)
 */
#ifndef KEEL_SCHED_CLAIM_H
#define KEEL_SCHED_CLAIM_H

#include "sched/sched.h"

static inline void sched_claim_open(struct keel_task *self)
{
    /* RELAXED: the lock under which the task makes itself findable publishes it. */
    atomic_store(&self->claim, SCHED_CLAIM_OPEN, RELAXED);
}

/* Whether the caller, and nobody else, is to end the wait. */
static inline bool sched_claim_take(struct keel_task *task, uint8_t by)
{
    uint8_t open = SCHED_CLAIM_OPEN;
    /* RELAXED: one word decides; what goes with it is under the locks by which it was found. */
    return atomic_compare_exchange_shared(&task->claim, &open, by, RELAXED, RELAXED);
}

/* For the task itself, once it runs again: how its wait ended. */
static inline bool sched_claim_timed_out(const struct keel_task *self)
{
    /* RELAXED: whoever ended the wait made the task ready after it. */
    return atomic_load(&self->claim, RELAXED) == SCHED_CLAIM_TIMER;
}

#endif
