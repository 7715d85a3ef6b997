#include "base/lock.h"

bool lock_try_bounded(struct lock *lock)
{
    enum { tries = 10000 };
    for (unsigned i = 0; i < tries; i++) {
        if (lock_try(lock))
            return true;
        arch_pause();
    }
    return false;
}
