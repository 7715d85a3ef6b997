/* Waits until a task has begun to wait. */
#ifndef KEEL_TESTS_COMES_TO_WAIT_H
#define KEEL_TESTS_COMES_TO_WAIT_H

#include "sched/sched.h"
#include "tests/sched/meeting.h"

static inline bool comes_to_wait(const keel_task *task)
{
    int64_t end = keel_now() + meeting_patience;
    while (atomic_load(&task->state, ACQUIRE) < SCHED_TASK_PARKED) { /* ACQUIRE: stuck.h */
        if (keel_now() > end)
            return false;
        keel_yield();
    }
    return true;
}

#endif
