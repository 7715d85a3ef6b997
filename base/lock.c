#include "base/lock.h"

/*
 * Looks come further and further apart, up to some microseconds: each takes the lock's cache line
 * away from the holder, who, left alone, does a hundred short things under the lock in that time.
 * That is what makes a channel between two cores as fast as it is.
 */
enum { looks_before_yield = 16, doublings_most = 6 };

void lock_wait(struct lock *lock)
{
    for (unsigned looks = 1;; looks++) {
        unsigned pauses = looks < doublings_most ? 1u << looks : 1u << doublings_most;
        for (unsigned i = 0; i < pauses; i++)
            arch_pause();
        /* RELAXED: only a hint; lock_try synchronises. */
        if (atomic_load(&lock->word, RELAXED) == 0 && lock_try(lock))
            return;
        if (looks % looks_before_yield == 0)
            arch_syscall0(__NR_sched_yield);
    }
}
