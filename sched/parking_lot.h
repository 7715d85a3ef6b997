/*
 * The parking lot: where tasks wait for what is known by its address alone. So an object that tasks
 * wait for needs no list of its own: a wait group is one word. (WebKit's WTF::ParkingLot has the
 * name; Linux's futex and Go's semaroot are the same thing.)
 *
 * A table of buckets, found by a hash of the address. A bucket is a lock, and a list of addresses
 * for which tasks wait; at each address its waiters, first come, first served. The nodes lie on the
 * stacks of the parked tasks. Nothing is set up: a program that never waits has touched no page of
 * it. An address has a queue of its own, because others in the same bucket must not pay for a
 * million tasks that wait at one.
 *
 * Who waits:                                 Who wakes:
 *     1. sched_before_park;                      a. takes the bucket's lock (sched_lot_lock);
 *     2. takes the bucket's lock;                b. changes the object, so that 3 would see it;
 *     3. looks whether it must still wait,       c. takes waiters out (sched_lot_take);
 *        and marks in the object that            d. releases the lock; from c on it touches the
 *        somebody waits;                            object no more, which the woken may release;
 *     4. enters its node and parks               e. readies those it took (sched_lot_wake).
 *        (sched_lot_park); the deferred step
 *        releases the lock.
 *
 * Why no wake-up is lost: 3 and 4 are one step under the lock, and so are b and c. Who comes first
 * is seen by the other. A waker that finds no mark in the object need not come here at all, if it
 * changes object and mark by one atomic operation.
 *
 * Why no task is woken by somebody else's waker: whose node is taken at c entered it before b, with
 * the same lock held, for the same object; and an object at an address is replaced by another only
 * when nobody waits for it any more. So a wake is a fact, and who is woken need not look again: it
 * could not, the object may be gone.
 *
 * A wait that may also end otherwise (by a deadline, a cancellation) would take its own node out,
 * under the lock; who still finds it there has the right to the task.
 */
#ifndef KEEL_SCHED_PARKING_LOT_H
#define KEEL_SCHED_PARKING_LOT_H

#include "sched/sched.h"

/*
 * Invariant: a bucket's addresses are linked by the first waiter of each, and differ from each
 * other; `last` and `next_address` are valid in those first ones only.
 */
struct sched_lot_waiter {
    const void *address;
    struct keel_task *task;
    struct sched_lot_waiter *next; /* at the same address, came after */
    struct sched_lot_waiter *last; /* at the same address */
    struct sched_lot_waiter *next_address;
};

#define SCHED_LOT_ALL SIZE_MAX

/* Takes the lock of the address's bucket. */
struct lock *sched_lot_lock(const void *address);

/*
 * Parks the caller at the address, until sched_lot_wake. Caller holds the bucket's lock, which is
 * released.
 */
void sched_lot_park(const void *address, enum sched_wait_reason reason);

/*
 * Takes out those that have waited longest at the address, `count` at most, or SCHED_LOT_ALL. NULL:
 * nobody waits. Caller holds the bucket's lock.
 */
struct sched_lot_waiter *sched_lot_take(const void *address, size_t count);

/* Readies what was taken, in order. Not with the lock held, which others would wait for. */
void sched_lot_wake(struct sched_lot_waiter *first);

#endif
