/*
 * The ends of what a task does on a stack: it parks, and its deferred step is run; or it ends. For
 * the two that take tasks over: the runner (run.c), and packed.c for it.
 */
#ifndef KEEL_SCHED_FINISH_H
#define KEEL_SCHED_FINISH_H

#include "sched/stuck.h"

static inline void sched_finish_switch(struct sched_worker *worker)
{
    sched_step *step = worker->step;
    if (step != NULL) {
        worker->step = NULL;
        step(worker->step_task, worker->step_data);
    }
}

/* The task is about to park. */
static inline void sched_set_parked(struct sched_worker *worker, struct keel_task *self,
                                    enum sched_wait_reason reason, const void *object)
{
    if (unlikely(reason == SCHED_WAIT_YIELD))
        sched_count(&worker->counts.parks[1]);
    else
        sched_count(&worker->counts.parks[0]);
    sched_note_wait(self, SCHED_TASK_PARKED, reason, object);
}

/* The task has ended: whoever waits for it is woken, or whoever will wait finds the result. */
static inline void sched_finish(struct keel_task *task, void *result)
{
    thread_block()->task = NULL;
    sched_count_ended(&sched_worker()->counts);
    task->arg = result;
    task->stack = NULL;
    /*
     * ACQ_REL: RELEASE publishes the result to the ACQUIRE in keel_task_await; ACQUIRE takes over
     * the waiter from the RELEASE there. After it the descriptor may be gone, unless it is ours to
     * recycle.
     */
    uintptr_t join = atomic_exchange_shared(&task->join, SCHED_JOIN_DONE, ACQ_REL);
    if (join == SCHED_JOIN_DETACHED)
        sched_task_recycle(task);
    else if (join != SCHED_JOIN_NONE)
        sched_ready_next((struct keel_task *)join);
}

#endif
