#include <asm/errno.h>

#include "base/clock.h"
#include "sched/claim.h"

int keel_task_await_until(keel_task *task, void **result, int64_t deadline)
{
    struct keel_task *self = sched_self();
    if (deadline == KEEL_FOREVER)
        return keel_task_await(task, result);
    /* ACQUIRE: with the RELEASE in sched_finish, which publishes the result. */
    if (atomic_load(&task->join, ACQUIRE) != SCHED_JOIN_DONE) {
        int64_t now = clock_now();
        if (deadline <= now) {
            keel_yield();
            return -ETIMEDOUT;
        }
        sched_before_park();
        sched_claim_open(self);
        sched_timer_prepare(SCHED_TIMER_AWAIT, deadline, now);
        sched_park(SCHED_WAIT_AWAIT, &task->join, sched_step_await_until, task);
        if (sched_claim_timed_out(self))
            return -ETIMEDOUT;
        sched_timer_cancel(self);
    }
    return keel_task_await(task, result);
}
