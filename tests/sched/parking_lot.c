/* The parking lot: who waits at an address is woken first come, first served, and nobody else. */
#include "sched/parking_lot.h"

#include "tests/sched/meeting.h"

/* More addresses than the table has buckets, so that several come into one. */
enum { addresses = 4096, waiters = 3 };

static unsigned char places[addresses];
static uint32_t parked[addresses], woken[addresses]; /* atomic; who parked and woke, in order */
static uint32_t parked_count, woken_count;           /* atomic */

/* A waiter's place, and the how manieth it is there, are its argument. */
static void wait_at(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    unsigned char *place = &places[number / waiters];
    sched_before_park();
    sched_lot_lock(place);
    /* RELAXED: under the lock, or read after all have parked or woken. */
    uint32_t order = atomic_fetch_add(&parked[number / waiters], 1u, RELAXED);
    atomic_fetch_add(&parked_count, 1u, RELEASE); /* RELEASE: with the ACQUIRE in yield_until */
    sched_lot_park(place, SCHED_WAIT_GROUP);
    if (atomic_load(&woken[number / waiters], RELAXED) == order)
        atomic_fetch_add(&woken[number / waiters], 1u, RELAXED);
    atomic_fetch_add(&woken_count, 1u, RELEASE); /* RELEASE: as above */
}

/* Wakes `count` who wait there; returns how many there were. */
static unsigned wake(unsigned place, size_t count)
{
    unsigned found = 0;
    struct lock *lock = sched_lot_lock(&places[place]);
    struct sched_lot_waiter *first = sched_lot_take(&places[place], count);
    lock_release(lock);
    for (struct sched_lot_waiter *waiter = first; waiter != NULL; waiter = waiter->next)
        found++;
    sched_lot_wake(first);
    return found;
}

/* One after the other: woken together, they may run in any order. */
static void test_one_by_one(void)
{
    bool one_each = true, in_order = true;
    for (uint32_t i = 0; i < waiters; i++) {
        for (unsigned place = 0; place < addresses; place += 2)
            one_each &= wake(place, 1) == 1;
        if (!yield_until(&woken_count, (i + 1) * addresses / 2))
            break;
        for (unsigned place = 0; place < addresses; place++)
            in_order &= woken[place] == (place % 2 == 0 ? i + 1 : 0);
    }
    check(one_each, "there is one to wake at each address");
    check(in_order, "the one that has waited longest goes on, at that address alone");
    check_equal(wake(0, 1), 0, "then nobody waits there");
    check_equal(wake(0, SCHED_LOT_ALL), 0, "not even of all");
}

static void test_many(void)
{
    check_equal(wake(1, 0), 0, "none is woken of none");
    check_equal(wake(1, 2), 2, "two are woken of three");
    check_equal(wake(1, 2), 1, "and the one that is left");
    bool all = true;
    for (unsigned place = 3; place < addresses; place += 2)
        all &= wake(place, place % 4 == 1 ? waiters : SCHED_LOT_ALL) == waiters;
    check(all, "all are woken at once");
    check(yield_until(&woken_count, addresses * waiters), "everybody goes on");
    bool empty = true;
    for (unsigned place = 0; place < addresses; place++)
        empty &= wake(place, SCHED_LOT_ALL) == 0;
    check(empty, "nobody is left");
}

/* Who comes after some were woken stands behind those that are left. */
static void test_later_one(void)
{
    static const unsigned place = 0;
    uint32_t before = woken_count;
    for (uintptr_t i = 0; i < 3; i++)
        keel_spawn(wait_at, (void *)(uintptr_t)(place * waiters));
    yield_until(&parked_count, addresses * waiters + 3);
    check_equal(wake(place, 1), 1, "one of three is woken");
    keel_spawn(wait_at, (void *)(uintptr_t)(place * waiters));
    yield_until(&parked_count, addresses * waiters + 4);
    check_equal(wake(place, 2), 2, "then two");
    check_equal(wake(place, SCHED_LOT_ALL), 1, "and who came last");
    check(yield_until(&woken_count, before + 4), "all four go on");
}

int main(void)
{
    for (uintptr_t i = 0; i < waiters; i++) {
        for (uintptr_t place = 0; place < addresses; place++)
            keel_spawn(wait_at, (void *)(place * waiters + i));
        yield_until(&parked_count, (uint32_t)(i + 1) * addresses);
    }
    check_equal(parked_count, addresses * waiters, "all park");
    test_one_by_one();
    test_many();
    test_later_one();
    return tap_done();
}
