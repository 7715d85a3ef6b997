#include "base/lock.h"

enum { looks_before_yield = 64 };

void lock_wait(struct lock *lock)
{
    for (unsigned looks = 1;; looks++) {
        /* RELAXED: only a hint; lock_try synchronises. */
        if (atomic_load(&lock->word, RELAXED) == 0 && lock_try(lock))
            return;
        if (looks % looks_before_yield == 0)
            arch_syscall0(__NR_sched_yield);
        else
            arch_pause();
    }
}
