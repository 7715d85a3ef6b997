#include <asm/errno.h>

#include "sched/sched.h"

int sched_spawn(void (*fn)(void *), void *arg, const void *spawn_site)
{
    struct keel_task *task = sched_task_make(spawn_site);
    if (task == NULL)
        return -ENOMEM;
    task->fn.call_detached = fn;
    task->returns_nothing = true;
    task->arg = arg;
    task->join = SCHED_JOIN_DETACHED;
    sched_start(task);
    return 0;
}

int keel_spawn(void (*fn)(void *), void *arg)
{
    return sched_spawn(fn, arg, __builtin_return_address(0));
}

keel_task *keel_task_create(void *(*fn)(void *), void *arg, const keel_task_options *options)
{
    if (options != NULL && (options->flags & ~KEEL_TASK_FP_CONTROL) != 0)
        return NULL;
    struct keel_task *task = sched_task_make(__builtin_return_address(0));
    if (task == NULL)
        return NULL;
    task->fn.call = fn;
    task->arg = arg;
    if (options != NULL) {
        task->identity.name = options->name;
        task->keeps_float_control = (options->flags & KEEL_TASK_FP_CONTROL) != 0;
    }
    /* RELAXED: published by the queue. Who keeps its own control is no child for its awaiter. */
    atomic_store(&task->entry, task->keeps_float_control ? SCHED_ENTRY_NONE : SCHED_ENTRY_QUEUED,
                 RELAXED);
    sched_start(task);
    return task;
}

keel_task *keel_task_self(void)
{
    return sched_self();
}

uint64_t keel_task_id(void)
{
    return sched_self()->identity.id;
}

void keel_task_set_name(keel_task *task, const char *name)
{
    if (task == NULL)
        task = sched_self();
    task->identity.name = name;
}
