#include "sched/parking_lot.h"

#include "sched/shelve.h"
#include "sched/unusual.h"

enum { bucket_bits = 10 };
_Static_assert(sizeof(struct sched_lot_waiter) <= sched_shelf_node, "it may lie in a shelf");

/* A cache line each, so that locks of different objects do not disturb each other. */
struct bucket {
    _Alignas(arch_cache_line) struct lock lock; /* guards the rest */
    struct sched_lot_waiter *first;
};

static struct bucket buckets[1 << bucket_bits];

/* Fibonacci hashing (Knuth, volume 3, 6.4): neighbours come into buckets far apart. */
static struct bucket *bucket_of(const void *address)
{
    uint64_t product = (uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[product >> (64 - bucket_bits)];
}

/* Where the first waiter at the address hangs, or would hang. */
static struct sched_lot_waiter **find(struct bucket *bucket, const void *address)
{
    struct sched_lot_waiter **link = &bucket->first;
    while (*link != NULL && (*link)->address != address)
        link = &(*link)->next_address;
    return link;
}

struct lock *sched_lot_lock(const void *address)
{
    struct bucket *bucket = bucket_of(address);
    lock_acquire(&bucket->lock);
    return &bucket->lock;
}

void sched_lot_park(const void *address, enum sched_wait_reason reason)
{
    struct bucket *bucket = bucket_of(address);
    struct sched_lot_waiter **link = find(bucket, address);
    struct sched_lot_waiter *first = *link;
    struct sched_lot_waiter own = {.address = address, .task = sched_self(), .last = &own};
    struct sched_lot_waiter *self = &own;
    if (sched_waits_apart(own.task)) {
        self = sched_shelving()->node(0);
        *self = own;
        self->last = self;
    }
    if (first == NULL) {
        *link = self;
    } else {
        first->last->next = self;
        first->last = self;
    }
    sched_park(reason, address, sched_step_unlock, &bucket->lock);
}

struct sched_lot_waiter *sched_lot_take(const void *address, size_t count)
{
    struct sched_lot_waiter **link = find(bucket_of(address), address);
    struct sched_lot_waiter *first = *link;
    if (first == NULL || count == 0)
        return NULL;
    struct sched_lot_waiter *last = count == SCHED_LOT_ALL ? first->last : first;
    for (; count > 1 && last->next != NULL; count--)
        last = last->next;
    struct sched_lot_waiter *left = last->next;
    if (left != NULL) {
        left->last = first->last;
        left->next_address = first->next_address;
        last->next = NULL;
    }
    *link = left != NULL ? left : first->next_address;
    return first;
}

void sched_lot_wake(struct sched_lot_waiter *first)
{
    /* One alone runs next: it is handed something, and nobody is to wait behind it. */
    if (first != NULL && first->next == NULL) {
        sched_ready_next(first->task);
        return;
    }
    while (first != NULL) {
        struct sched_lot_waiter *waiter = first;
        first = waiter->next; /* now: the node goes with the task's stack */
        sched_ready(waiter->task);
    }
}
