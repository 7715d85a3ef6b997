/*
 * "Alone": one thread runs all code of ours. (Those of sched/monitor.c and sched/watchdog.c do not
 * count: they change nothing of what follows.) As long as that is so, nobody can come between a
 * load and a store of it, and nothing needs a locked instruction, which costs more than most of
 * what surrounds it. (A signal handler comes between, but it leaves as it found whatever it cannot
 * have.)
 *
 * The time alone ends once and for good: just before the first further thread is made, by the only
 * thread that there is, which is then between no such load and store: it is in a call that makes a
 * worker, the lender (sched/lender.c) or another thread, or announces threads, and holds no lock.
 * The clone orders that store before all that the new thread does.
 */
#ifndef KEEL_BASE_ALONE_H
#define KEEL_BASE_ALONE_H

#include "base/atomic.h"
#include "base/base.h"

extern bool process_shared; /* atomic */

static inline bool process_is_alone(void)
{
    return !atomic_load(&process_shared, RELAXED); /* RELAXED: the clone orders it, see above */
}

/*
 * As the atomic operations of these names, with their orders once threads share; alone, by plain
 * loads and stores.
 */
#define atomic_exchange_shared(location, value, order)                                             \
    __extension__({                                                                                \
        __typeof__(*(location)) atomic_old;                                                        \
        if (process_is_alone()) {                                                                  \
            atomic_old = atomic_load(location, RELAXED);                                           \
            atomic_store(location, value, RELAXED);                                                \
        } else {                                                                                   \
            atomic_old = atomic_exchange(location, value, order);                                  \
        }                                                                                          \
        atomic_old;                                                                                \
    })

#define atomic_fetch_add_shared(location, value, order)                                            \
    __extension__({                                                                                \
        __typeof__(*(location)) atomic_old;                                                        \
        if (process_is_alone()) {                                                                  \
            atomic_old = atomic_load(location, RELAXED);                                           \
            atomic_store(location, atomic_old + (value), RELAXED);                                 \
        } else {                                                                                   \
            atomic_old = atomic_fetch_add(location, value, order);                                 \
        }                                                                                          \
        atomic_old;                                                                                \
    })

#define atomic_compare_exchange_shared(location, expected, desired, success, failure)              \
    __extension__({                                                                                \
        bool atomic_done;                                                                          \
        if (process_is_alone()) {                                                                  \
            __typeof__(*(location)) atomic_old = atomic_load(location, RELAXED);                   \
            atomic_done = atomic_old == *(expected);                                               \
            if (atomic_done)                                                                       \
                atomic_store(location, desired, RELAXED);                                          \
            else                                                                                   \
                *(expected) = atomic_old;                                                          \
        } else {                                                                                   \
            atomic_done = atomic_compare_exchange(location, expected, desired, success, failure);  \
        }                                                                                          \
        atomic_done;                                                                               \
    })

#define atomic_fence_shared(order)                                                                 \
    do {                                                                                           \
        if (!process_is_alone())                                                                   \
            atomic_fence(order);                                                                   \
    } while (0)

#endif
