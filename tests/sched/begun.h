/*
 * For tests of tasks on stacks of their own: a task that nobody has begun when it is awaited runs
 * on the stack of who awaits it.
 */
#ifndef KEEL_TESTS_SCHED_BEGUN_H
#define KEEL_TESTS_SCHED_BEGUN_H

#include "sched/sched.h"

/* Waits until the task has begun, and returns it. */
static inline keel_task *begun(keel_task *task)
{
    while (atomic_load(&task->state, RELAXED) == SCHED_TASK_NEW) /* RELAXED: only looks */
        keel_yield();
    return task;
}

#endif
