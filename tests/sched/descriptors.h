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

static inline void come_by(void *arg)
{
    (void)arg;
}

/*
 * How many are in use in the end. A descriptor is free a moment after its task's end was seen, and
 * that of a task that was claimed where it stood when a worker comes upon its entry.
 */
static inline size_t descriptors_left(int64_t patience)
{
    enum { pause = 100 * 1000 };
    int64_t end = keel_now() + patience;
    while (descriptors_in_use() > 1 && keel_now() < end) {
        keel_spawn(come_by, NULL);
        keel_sleep(pause);
    }
    return descriptors_in_use();
}

#endif
