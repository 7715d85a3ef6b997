/* A lock that parks the task; first come, first served. For the rooms' own use. */
#ifndef KEEL_SCHED_MUTEX_H
#define KEEL_SCHED_MUTEX_H

#include "base/lock.h"
#include "sched/queue.h"

struct sched_mutex {
    struct lock lock;
    bool held;
    struct queue waiting;
};

void sched_mutex_lock(struct sched_mutex *mutex);
void sched_mutex_unlock(struct sched_mutex *mutex);

#endif
