/* A lock that parks. Handed over to who came first, so nobody starves and nobody is woken in vain.
 */
#include "sched/mutex.h"
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
    queue_push(&mutex->waiting, sched_self());
    sched_park(SCHED_WAIT_MUTEX, mutex, sched_step_unlock, &mutex->lock);
}

void sched_mutex_unlock(struct sched_mutex *mutex)
{
    lock_acquire(&mutex->lock);
    struct keel_task *next = queue_pop(&mutex->waiting);
    mutex->held = next != NULL;
    lock_release(&mutex->lock);
    if (next != NULL)
        sched_ready(next);
}
