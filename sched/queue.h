/*
 * A queue of tasks, first in, first out, linked through the tasks themselves: for the places where
 * there is no bound to how many wait. Whoever owns the queue guards it.
 *
 * Invariant: first is NULL exactly when last is, and last->next is NULL.
 */
#ifndef KEEL_SCHED_QUEUE_H
#define KEEL_SCHED_QUEUE_H

#include "base/atomic.h"
#include "base/base.h"

struct keel_task;
struct sched_worker;

struct queue {
    struct keel_task *first; /* atomic: others may look whether there is one */
    struct keel_task *last;
    size_t length; /* atomic, written by the owner */
};

void queue_push(struct queue *queue, struct keel_task *task);

/* The oldest, or NULL. */
struct keel_task *queue_pop(struct queue *queue);

/* Anyone: a hint, unless the caller owns the queue, or a fence orders it. */
static inline bool queue_looks_empty(const struct queue *queue)
{
    return atomic_load(&queue->first, RELAXED) == NULL; /* RELAXED: as it says */
}

/* ---- the queues that all workers share, under sched.queue_lock */

/* The global queue: what found no room elsewhere. */
void sched_global_push(struct keel_task *task);
void sched_global_push_all(const struct queue *tasks); /* some */

/*
 * The oldest, or NULL. If the worker's ring is empty some that follow go there, in order; at no
 * time are they seen in neither place by who looks into the global queue first, then, behind a
 * fence, into the ring.
 */
struct keel_task *sched_global_take(struct sched_worker *worker);

/*
 * Fresh tasks that could not begin for want of a stack: a queue for each size, by its number
 * (sched/packed.h), first come, first served. For spare.c and create.c.
 */
void sched_starved_push(struct keel_task *task, unsigned number);
struct keel_task *sched_starved_pop(unsigned number);

/* A hint: whether the queue holds any. */
bool sched_starved_wait(unsigned number);

#endif
