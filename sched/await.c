#include "base/panic.h"
#include "sched/sched.h"

/* Publishes the caller as the waiter; if the task has ended meanwhile, wakes the caller itself. */
static void step_await(struct keel_task *self, void *data)
{
    struct keel_task *task = data;
    uintptr_t none = SCHED_JOIN_NONE;
    /*
     * RELEASE: with the ACQUIRE in sched_finish, which takes over the waiter. On failure
     * ACQUIRE: with the RELEASE there, which publishes the result.
     */
    if (!atomic_compare_exchange_shared(&task->join, &none, (uintptr_t)self, RELEASE, ACQUIRE))
        sched_ready(self);
}

int keel_task_await(keel_task *task, void **result)
{
    if (sched_host(task, result))
        return 0;
    /* ACQUIRE: with the RELEASE in sched_finish, which publishes the result. */
    uintptr_t join = atomic_load(&task->join, ACQUIRE);
    if (join != SCHED_JOIN_DONE) {
        /* Its end recycles it: a task of keel_spawn, which may be the caller itself. */
        if (unlikely(join == SCHED_JOIN_DETACHED))
            panic("keel_task_await of a task that has no handle: spawned or detached");
        sched_before_park();
        sched_park(SCHED_WAIT_AWAIT, task, step_await, task);
    }
    if (result != NULL)
        *result = task->arg;
    sched_task_recycle(task);
    return 0;
}

void keel_task_detach(keel_task *task)
{
    uintptr_t none = SCHED_JOIN_NONE;
    /* ACQ_REL: as the waiter in step_await; whoever comes second recycles. */
    if (!atomic_compare_exchange_shared(&task->join, &none, SCHED_JOIN_DETACHED, ACQ_REL, ACQUIRE))
        sched_task_recycle(task);
}
