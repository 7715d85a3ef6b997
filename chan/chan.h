/*
 * chan/: channels.
 *
 *   chan.c      made, counted, closed, released
 *   transfer.c  send and receive, at once or by waiting
 *   until.c     waits that have a deadline
 *
 * What may not enter: workers, queues, how a task is run: a channel knows sched_park,
 * sched_ready_next, and the claim of a wait that has a deadline.
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
 *   references = retained + (senders - 1, at least 0), retained counting the creator's;
 *   `timed` of the nodes in the lists are of waits with a deadline.
 *
 * Lifetime. Releasing the lock is one store, and it is the last access of every call to the
 * channel: who is woken is taken off its list before, and made ready after. So whoever learns from
 * an effect (an element arrived) may free the channel at once. A waiter that was woken finds its
 * outcome in its node and does not touch the channel.
 *
 * But one whose deadline has come, and who lost nothing by it but its time, takes its node out of
 * the list itself. It is *leaving* from the claim (sched/claim.h) until then. Who finds its node in
 * a list before that cannot have it: it unlinks the node, counts it, and goes on to the next. With
 * the last reference all such nodes are unlinked so; while some are counted, the channel stays, and
 * the last who leaves frees it. So a deadline changes nothing of what is said above.
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
    uint32_t unusual; /* enum chan_unusual; 0: send and receive go their shortest way */
    /* With these a rendezvous touches one cache line. */
    size_t length; /* atomic, written under the lock */
    size_t capacity;
    struct list_node senders_waiting, receivers_waiting;
    size_t element_size;
    size_t first;
    uint32_t timed;   /* nodes with a deadline in the lists */
    uint32_t leaving; /* waiters whose deadline has come, and whose node others have unlinked */
    size_t senders;
    size_t references;
    void (*destroy)(void *element);
    unsigned char *slots; /* behind the structure */
};

enum chan_unusual {
    CHAN_CLOSED = 1,
    CHAN_NO_WORDS = 2, /* elements are copied by memcpy: they have another size than a word */
};

#define chan_mark UINT64_C(0x6c65656b6e616863)

/*
 * To be called before the lock is taken. A channel that was freed is found out here, as long as its
 * memory has not become another one: else its lock word would be waited for for ever.
 */
__attribute__((always_inline)) static inline void chan_check(const struct keel_chan *chan)
{
    if (unlikely(chan->mark != chan_mark))
        panic("no channel, or one whose last reference was released");
}

__attribute__((always_inline)) static inline void chan_lock(struct keel_chan *chan)
{
    chan_check(chan);
    lock_acquire(&chan->lock);
}

/* A task that waits; lies on its stack. `element`: where to copy from, or to. */
struct chan_waiter {
    struct list_node link;
    struct keel_task *task;
    void *element;
    bool transferred; /* false when close woke it */
    bool timed;       /* it has a deadline: who ends the wait must claim it */
};

static inline struct chan_waiter *chan_waiter_of(struct list_node *node)
{
    return container_of(node, struct chan_waiter, link);
}

/*
 * Whether a waiter that has a deadline is the caller's to wake; it is in its list and stays there.
 * If not, it is leaving, and was unlinked. Caller holds the lock.
 */
bool chan_claim(struct keel_chan *chan, struct chan_waiter *waiter);

/* Takes the first waiter that is to be had out of the list. Caller holds the lock. */
static inline struct chan_waiter *chan_take_waiter(struct keel_chan *chan, struct list_node *list)
{
    while (!list_is_empty(list)) {
        struct chan_waiter *waiter = chan_waiter_of(list->next);
        if (unlikely(waiter->timed) && !chan_claim(chan, waiter))
            continue;
        list_remove(&waiter->link);
        return waiter;
    }
    return NULL;
}

/*
 * One reference less. Returns whether the channel is to be destroyed (chan_destroy), when the lock
 * is released. Caller holds the lock.
 */
bool chan_unreference(struct keel_chan *chan);
void chan_destroy(struct keel_chan *chan);

/*
 * Sends or receives without waiting (now.c). MUST_WAIT: it could not, and the lock is held. The
 * last two: the caller holds the lock, which is released unless they return MUST_WAIT.
 */
enum { CHAN_MUST_WAIT = 2 };
int chan_send_now(struct keel_chan *chan, const void *element);
int chan_receive_now(struct keel_chan *chan, void *element);
int chan_send_locked(struct keel_chan *chan, const void *element);
int chan_receive_locked(struct keel_chan *chan, void *element);

/* An element moved and nobody parked: others see that the worker goes on (sched/steal.c). */
static inline void chan_moved(void)
{
    struct sched_worker *worker = sched_worker();
    atomic_store(&worker->move_count, worker->move_count + 1, RELAXED); /* RELAXED: a sign */
}

#endif
