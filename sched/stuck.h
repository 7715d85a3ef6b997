/*
 * How a wait is noted, so that it can be read while everything runs. stuck.c says what it learns
 * from that.
 */
#ifndef KEEL_SCHED_STUCK_H
#define KEEL_SCHED_STUCK_H

#include "sched/sched.h"

/*
 * Notes why the caller is about to wait, and for what. A task's descriptor is the object of a wait
 * that only the end of that task can end, and of no other: one that a deadline may end too has the
 * task's `join` as its object. (stuck.c relies on it.)
 */
static inline void sched_note_wait(struct keel_task *self, enum sched_task_state state,
                                   enum sched_wait_reason reason, const void *object)
{
    /* RELEASE, all three: with the ACQUIREs in waker_of and next_of (stuck.c). */
    atomic_store(&self->wait_object, object, RELEASE);
    atomic_store(&self->wait_reason, (uint8_t)reason, RELEASE);
    atomic_store(&self->state, (uint8_t)state, RELEASE);
}

/*
 * How many tasks wait for the end of one that waits for the end of the process, or for the end of
 * one of these: they are as good as gone. Reads what has happened before it with the ACQUIRE that
 * are_gone wants. Some may be missed that begin to wait meanwhile, or all when there is no memory.
 */
uint64_t sched_stuck_behind_exit(void);

#endif
