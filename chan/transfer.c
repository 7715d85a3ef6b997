/*
 * Send and receive. chan.h has the invariants.
 *
 * Most calls move a word, of an open channel whose lock is free: to a task that waits for it, or to
 * or from the ring. For those each call has a short way, with no frame and with nothing kept across
 * a call; and if they must wait, one by which a task waits that parks as most do. Whatever is not
 * so goes on elsewhere (now.c, and below), and what has been found out is found out again there.
 */
#include "chan/apart.h"
#include "chan/now.h"

/* ---- waiting */

/*
 * Parks the caller in `list`; the lock, which it holds, is released after the switch. Returns
 * whether its element was transferred: not so when the channel was closed.
 */
__attribute__((always_inline)) static inline bool wait_in(struct keel_chan *chan,
                                                          struct list_node *list, void *element,
                                                          enum sched_wait_reason reason)
{
    struct chan_waiter waiter = {.task = sched_self(), .element = element};
    list_push_back(list, &waiter.link);
    sched_park_usually(reason, chan, sched_step_unlock, &chan->lock);
    return waiter.transferred;
}

/* The same, for a task that parks in another way: its node may lie apart. */
static bool wait_unusually(struct keel_chan *chan, struct list_node *list, void *element,
                           enum sched_wait_reason reason)
{
    struct keel_task *self = sched_self();
    struct chan_waiter *apart = sched_waits_apart(self) ? chan_place_apart(chan) : NULL;
    if (apart != NULL)
        return chan_wait_apart(chan, list, apart, element, reason);
    struct chan_waiter waiter = {.task = self, .element = element};
    list_push_back(list, &waiter.link);
    sched_park(reason, chan, sched_step_unlock, &chan->lock);
    return waiter.transferred;
}

/*
 * Most calls need not wait. So what a wait takes is got when it must be, without the lock, and then
 * the caller looks again. Returns whether it must.
 */
static bool prepare_to_wait(keel_chan *chan)
{
    bool is_apart = sched_waits_apart(sched_self());
    bool is_prepared = sched_is_prepared() || sched_is_prepared_without();
    if (is_prepared && (!is_apart || sched_shelving()->has_room(chan->element_size)))
        return false;
    lock_release(&chan->lock);
    sched_before_park();
    if (is_apart)
        sched_shelving()->make_room(chan->element_size);
    return true;
}

/* Whether the caller parks as most do, and can. */
static inline bool waits_usually(void)
{
    return likely(!sched_parks_unusually(sched_self()) && sched_is_prepared());
}

/* noinline, these and those below: the short ways have no frame. */
static __attribute__((noinline)) int send_unusually(keel_chan *chan, const void *element)
{
    while (prepare_to_wait(chan)) {
        chan_lock(chan);
        int result = chan_send_locked(chan, element);
        if (result != CHAN_MUST_WAIT)
            return result;
    }
    void *source = (void *)(uintptr_t)element; /* only read, of a sender */
    bool sent = wait_unusually(chan, &chan->senders_waiting, source, SCHED_WAIT_CHAN_SEND);
    return sent ? 0 : -EPIPE;
}

static __attribute__((noinline)) int receive_unusually(keel_chan *chan, void *element)
{
    while (prepare_to_wait(chan)) {
        chan_lock(chan);
        int result = chan_receive_locked(chan, element);
        if (result != CHAN_MUST_WAIT)
            return result;
    }
    return wait_unusually(chan, &chan->receivers_waiting, element, SCHED_WAIT_CHAN_RECEIVE);
}

static __attribute__((noinline)) int send_usually(keel_chan *chan, const void *element)
{
    void *source = (void *)(uintptr_t)element; /* only read, of a sender */
    bool sent = wait_in(chan, &chan->senders_waiting, source, SCHED_WAIT_CHAN_SEND);
    return sent ? 0 : -EPIPE;
}

static __attribute__((noinline)) int receive_usually(keel_chan *chan, void *element)
{
    return wait_in(chan, &chan->receivers_waiting, element, SCHED_WAIT_CHAN_RECEIVE);
}

/* In line: no frame of one way lies below the other's. */
static inline int wait_to_send(keel_chan *chan, const void *element)
{
    return waits_usually() ? send_usually(chan, element) : send_unusually(chan, element);
}

static inline int wait_to_receive(keel_chan *chan, void *element)
{
    return waits_usually() ? receive_usually(chan, element) : receive_unusually(chan, element);
}

/* ---- the long ways; the first of each two holds the lock */

static __attribute__((noinline)) int send_long(keel_chan *chan, const void *element)
{
    int result = chan_send_locked(chan, element);
    return result != CHAN_MUST_WAIT ? result : wait_to_send(chan, element);
}

static __attribute__((noinline)) int send_contended(keel_chan *chan, const void *element)
{
    lock_wait(&chan->lock);
    int result = chan_send_locked(chan, element);
    return result != CHAN_MUST_WAIT ? result : wait_to_send(chan, element);
}

static __attribute__((noinline)) int receive_long(keel_chan *chan, void *element)
{
    int result = chan_receive_locked(chan, element);
    return result != CHAN_MUST_WAIT ? result : wait_to_receive(chan, element);
}

static __attribute__((noinline)) int receive_contended(keel_chan *chan, void *element)
{
    lock_wait(&chan->lock);
    int result = chan_receive_locked(chan, element);
    return result != CHAN_MUST_WAIT ? result : wait_to_receive(chan, element);
}

/* ---- the short ways */

/* The first in the list, whom the caller may take: it has no deadline. */
static inline struct chan_waiter *first_waiter(struct list_node *list)
{
    struct chan_waiter *waiter = chan_waiter_of(list->next);
    return likely(!waiter->timed) ? waiter : NULL;
}

int keel_chan_send(keel_chan *chan, const void *element)
{
    chan_check(chan);
    if (unlikely(!lock_try(&chan->lock)))
        return send_contended(chan, element);
    if (unlikely(chan->unusual != 0))
        return send_long(chan, element);
    if (!list_is_empty(&chan->receivers_waiting)) {
        struct chan_waiter *receiver = first_waiter(&chan->receivers_waiting);
        if (unlikely(receiver == NULL))
            return send_long(chan, element);
        list_remove(&receiver->link);
        chan_copy_word(receiver->element, element);
        chan_complete(chan, receiver);
        return 0;
    }
    if (chan->length >= chan->capacity)
        return wait_to_send(chan, element);
    chan_copy_word(chan_slot(chan, chan->first + chan->length), element);
    chan_set_length(chan, chan->length + 1);
    lock_release(&chan->lock);
    chan_moved();
    return 0;
}

int keel_chan_receive(keel_chan *chan, void *element)
{
    chan_check(chan);
    if (unlikely(!lock_try(&chan->lock)))
        return receive_contended(chan, element);
    if (unlikely(chan->unusual != 0))
        return receive_long(chan, element);
    if (list_is_empty(&chan->senders_waiting)) {
        if (chan->length == 0)
            return wait_to_receive(chan, element);
        chan_copy_word(element, chan_slot(chan, chan->first));
        chan_ring_skip(chan);
        lock_release(&chan->lock);
        chan_moved();
        return 1;
    }
    struct chan_waiter *sender = first_waiter(&chan->senders_waiting);
    if (unlikely(sender == NULL) || chan->length > 0)
        return receive_long(chan, element);
    list_remove(&sender->link);
    chan_copy_word(element, sender->element);
    chan_moved();
    chan_complete(chan, sender);
    return 1;
}
