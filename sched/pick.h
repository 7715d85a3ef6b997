/*
 * The pick that most parks make: the worker's slot, where the task lies to which the caller has
 * just handed something. In line, so that a park that finds it there calls nothing before it
 * switches. pick.c has the rules.
 */
#ifndef KEEL_SCHED_PICK_H
#define KEEL_SCHED_PICK_H

#include "sched/steal.h"

/* So often in a row the slot is taken, when ring or deque hold something. */
enum { sched_slot_in_a_row = 3 };

/*
 * The task in the slot, if that is whose turn it is, whatever the other queues hold; the pick is
 * counted then. NULL: sched_pick_local must choose.
 */
static inline struct keel_task *sched_pick_slot(struct sched_worker *worker)
{
    uint32_t count = worker->pick_count + 1;
    if (unlikely(count % sched_picks_between_oldest == 0))
        return NULL;
    if (worker->next_row >= sched_slot_in_a_row) {
        if (!ring_looks_empty(&worker->ready) || !deque_looks_empty(&worker->fresh) ||
            sched_anyone_global())
            return NULL;
        worker->next_row = 0;
    }
    struct keel_task *task = sched_take_next(worker);
    if (task == NULL)
        return NULL;
    worker->next_row++;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of in steal.c */
    return task;
}

#endif
