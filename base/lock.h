/*
 * The one lock word. 0: free; 1: held.
 *
 * Held for tens of instructions, never across a system call. There is no sleeping state on purpose:
 * the store that frees the word is the last access of whoever held it, so an object may be released
 * by the next holder at once (a futex lock would still have to look at the word, or wake on its
 * address, after it is free). A holder that the kernel preempts makes others spin; after a while
 * they give up their time slice.
 */
#ifndef KEEL_BASE_LOCK_H
#define KEEL_BASE_LOCK_H

#include <asm/unistd.h>

#include "base/alone.h"
#include "base/base.h"

struct lock {
    uint32_t word;
};

static inline bool lock_try(struct lock *lock)
{
    /* ACQUIRE: with the RELEASE in lock_release of the previous holder. */
    return atomic_exchange_shared(&lock->word, 1u, ACQUIRE) == 0;
}

/* The slow half of lock_acquire: spins, then gives up the time slice between looks. */
void lock_wait(struct lock *lock);

static inline void lock_acquire(struct lock *lock)
{
    if (unlikely(!lock_try(lock)))
        lock_wait(lock);
}

/*
 * Tries for a bounded time, some hundred microseconds, and tells whether it has the lock: for a
 * signal handler, which may have interrupted the holder.
 */
bool lock_try_bounded(struct lock *lock);

static inline void lock_release(struct lock *lock)
{
    /* RELEASE: with the ACQUIRE in lock_try of the next holder. */
    atomic_store(&lock->word, 0u, RELEASE);
}

#endif
