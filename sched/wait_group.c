/*
 * Wait groups: one word, the count in its upper 31 bits, and one bit that says that tasks wait.
 *
 * The goal: an addition that does not reach zero is one atomic instruction, a wait at zero one
 * load; and whoever sees the group at zero may release it at once, while the call that brought it
 * there is still under way.
 *
 * The group is *at zero* when the whole word is 0. So a count that reaches 0 while tasks wait is
 * not yet seen by anyone: the word is `waited`, and who comes to wait now waits too. Whoever
 * brought the count there *announces* it, in the parking lot, under the bucket's lock:
 *     1. clears the bit: this is the visible step, and the last access to the group;
 *     2. takes out all who wait at the address, and releases the lock;
 *     3. readies them.
 * Without the bit there is nobody to wake, and the atomic instruction itself was the last access.
 *
 * Who waits sets the bit under the bucket's lock, and only while the word is not 0; then parks. So
 * either the bit is there when the count reaches 0, or the waiter sees that the word is 0.
 *
 * One announces at a time, and no other's waiters: while the bit is set nobody may add to a count
 * of 0 (that is a panic), so the count reaches 0 once for each time that the bit is set; who waits
 * at the same address for the next round, or for a group that came to lie there, needs the bucket's
 * lock, and comes after step 2.
 *
 * Rejected: a compare-and-swap from (1, waited) to (0, none) by the last one, under the lock: then
 * every done must look whether it is the last before it subtracts, and try again when another was
 * faster.
 */
#include "base/panic.h"
#include "keel/sync.h"
#include "sched/parking_lot.h"

enum { waited = 1, one = 2 };

static void announce(keel_wait_group *group)
{
    struct lock *lock = sched_lot_lock(group);
    /* RELEASE: with the ACQUIREs of the word in keel_wait_group_wait. */
    atomic_fetch_add_shared(&group->word, -(uint32_t)waited, RELEASE);
    struct sched_lot_waiter *first = sched_lot_take(group, SCHED_LOT_ALL);
    lock_release(lock);
    sched_lot_wake(first);
}

/* What is not simply a count that changed from one number to another. */
static void add_special(keel_wait_group *group, uint32_t before, int64_t after, const void *where)
{
    if (after < 0)
        panic_at("a wait group's count fell below zero", where);
    if (after > INT32_MAX)
        panic_at("a wait group's count is too large", where);
    if (before == waited && after > 0)
        panic_at("added to a wait group at zero for which tasks wait", where);
    if (after == 0 && before > waited && (before & waited) != 0)
        announce(group);
}

static inline void add(keel_wait_group *group, int count, const void *where)
{
    /*
     * ACQ_REL: RELEASE with the ACQUIREs of the word in keel_wait_group_wait; ACQUIRE for those
     * whom the last one wakes, to whom it hands on what was before the others.
     */
    uint32_t before = atomic_fetch_add_shared(&group->word, (uint32_t)count * one, ACQ_REL);
    int64_t after = (int64_t)(before / one) + count;
    if (unlikely(after <= 0 || after > INT32_MAX || before == waited))
        add_special(group, before, after, where);
}

void keel_wait_group_add(keel_wait_group *group, int count)
{
    add(group, count, __builtin_return_address(0));
}

void keel_wait_group_done(keel_wait_group *group)
{
    add(group, -1, __builtin_return_address(0));
}

/* Whether the caller must wait; then the bit is set. Caller holds the bucket's lock. */
static bool must_wait(keel_wait_group *group)
{
    /* ACQUIRE: with the RELEASEs in add and announce. */
    uint32_t word = atomic_load(&group->word, ACQUIRE);
    while (word != 0 && (word & waited) == 0) {
        /* ACQUIRE: as above; the bit itself carries nothing. */
        if (atomic_compare_exchange_shared(&group->word, &word, word | waited, ACQUIRE, ACQUIRE))
            return true;
    }
    return word != 0;
}

void keel_wait_group_wait(keel_wait_group *group)
{
    /* ACQUIRE: with the RELEASEs in add and announce. */
    if (atomic_load(&group->word, ACQUIRE) == 0)
        return;
    sched_before_park();
    struct lock *lock = sched_lot_lock(group);
    if (must_wait(group))
        sched_lot_park(group, SCHED_WAIT_GROUP);
    else
        lock_release(lock);
}
