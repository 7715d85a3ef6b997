/*
 * chan/: channels.
 *
 *   chan.c      made, counted, closed, released
 *   transfer.c  send and receive
 *
 * What may not enter: workers, queues, how a task is run: a channel knows sched_park and
 * sched_ready.
 *
 * One lock a channel guards all of it. An element goes the shortest way: from a sender to a waiting
 * receiver directly, from the ring to a receiver (and a waiting sender's element into the ring),
 * else into the ring, else the caller parks with a waiter node that points to its element.
 *
 * Invariants, whenever the lock is free
 *   at least one of `senders_waiting` and `receivers_waiting` is empty;
 *   receivers wait only when the ring is empty and the channel open;
 *   senders wait only when the ring is full (always, at capacity 0) and the channel open;
 *   the elements inside are slots first ... first + length - 1, modulo capacity;
 *   references = retained + (senders - 1, at least 0), retained counting the creator's.
 *
 * Lifetime. Releasing the lock is one store, and it is the last access of every call to the
 * channel: who is woken is taken off its list before, and made ready after. So whoever learns from
 * an effect (an element arrived) may free the channel at once. A waiter that was woken finds its
 * outcome in its node and does not touch the channel.
 */
#ifndef KEEL_CHAN_INTERNAL_H
#define KEEL_CHAN_INTERNAL_H

#include "base/list.h"
#include "base/lock.h"
#include "base/panic.h"
#include "keel/chan.h"
#include "sched/sched.h"

/* So many channels with small elements lie in .bss, before any is allocated. */
enum { chan_first_most = 2 };

struct keel_chan {
    uint64_t mark; /* chan_mark while it lives; first, where a freed block has a link instead */
    struct lock lock;
    bool closed;
    size_t senders;
    size_t references;
    size_t capacity;
    size_t element_size;
    size_t first;
    size_t length; /* atomic, written under the lock */
    struct list_node senders_waiting, receivers_waiting;
    void (*destroy)(void *element);
    unsigned char *slots; /* behind the structure */
};

#define chan_mark UINT64_C(0x6c65656b6e616863)

/*
 * Takes the channel's lock. A channel that was freed is found out here, as long as its memory has
 * not become another one: else its lock word would be waited for for ever.
 */
__attribute__((always_inline)) static inline void chan_lock(struct keel_chan *chan)
{
    if (unlikely(chan->mark != chan_mark))
        panic("no channel, or one whose last reference was released");
    lock_acquire(&chan->lock);
}

/* A task that waits; lies on its stack. `element`: where to copy from, or to. */
struct chan_waiter {
    struct list_node link;
    struct keel_task *task;
    void *element;
    bool transferred; /* false when close woke it */
};

#endif
