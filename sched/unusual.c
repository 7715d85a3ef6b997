#include "sched/unusual.h"

#include "sched/float_control.h"
#include "sched/shelve.h"

void sched_unusual_begin(struct keel_task *task)
{
    if (sched_may_be_shelved(task))
        sched_shelving()->begin(task);
    if ((task->unusual & SCHED_UNUSUAL_MEASURED) != 0)
        sched_census_begin(task);
    if (sched_keeps_float_control(task))
        sched_float_control_begin();
}

__attribute__((weak)) void sched_hook_never_ended(void)
{
}

void sched_never_ended(void)
{
    sched_hook_never_ended();
    /* RELAXED: it was there when the task got its thread. */
    atomic_load(&sched.foreign, RELAXED)->end_holding();
}

void sched_unusual_end(struct keel_task *task)
{
    if ((task->unusual & SCHED_UNUSUAL_THREAD) != 0)
        sched_never_ended();
    if (sched_may_be_shelved(task))
        sched_shelving()->end(task);
    if (sched_keeps_float_control(task))
        sched_float_control_leave();
    if ((task->unusual & SCHED_UNUSUAL_MEASURED) != 0)
        sched_census_end(task);
}
