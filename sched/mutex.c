/* A lock that parks. Handed over to who came first, so nobody starves and nobody is woken in vain.
 */
#include "sched/sched.h"

/* Takes the mutex when it is free; else returns false, with the lock word held. */
static bool take_free(struct sched_mutex *mutex)
{
    lock_acquire(&mutex->lock);
    if (mutex->held)
        return false;
    mutex->held = true;
    lock_release(&mutex->lock);
    return true;
}

void sched_mutex_lock(struct sched_mutex *mutex)
{
    if (take_free(mutex))
        return;
    lock_release(&mutex->lock);
    sched_before_park();
    if (take_free(mutex))
        return;
    struct keel_task *self = sched_self();
    self->next = NULL;
    if (mutex->last != NULL)
        mutex->last->next = self;
    else
        mutex->first = self;
    mutex->last = self;
    sched_park(SCHED_WAIT_MUTEX, mutex, sched_step_unlock, &mutex->lock);
}

void sched_mutex_unlock(struct sched_mutex *mutex)
{
    lock_acquire(&mutex->lock);
    struct keel_task *next = mutex->first;
    if (next != NULL) {
        mutex->first = next->next;
        if (next->next == NULL)
            mutex->last = NULL;
    } else {
        mutex->held = false;
    }
    lock_release(&mutex->lock);
    if (next != NULL)
        sched_ready(next);
}
