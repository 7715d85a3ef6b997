/* How many task descriptors are in use: main has one, and so has every task that is not recycled.
 */
#ifndef KEEL_TESTS_SCHED_DESCRIPTORS_H
#define KEEL_TESTS_SCHED_DESCRIPTORS_H

#include "sched/sched.h"

static inline void count_descriptor(struct keel_task *task, void *data)
{
    (void)task;
    ++*(size_t *)data;
}

static inline size_t descriptors_in_use(void)
{
    size_t count = 0;
    sched_task_each(count_descriptor, &count);
    return count;
}

#endif
