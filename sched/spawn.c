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

keel_task *keel_task_self(void)
{
    return sched_self();
}

uint64_t keel_task_id(void)
{
    return sched_self()->identity.id & ~foreign_identity;
}

void keel_task_set_name(keel_task *task, const char *name)
{
    if (task == NULL)
        task = sched_self();
    task->identity.name = name;
}
