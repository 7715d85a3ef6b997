/* Send and receive. chan.h has the invariants. */
#include <asm/errno.h>

#include "base/memory.h"
#include "chan/chan.h"

/* Most elements are a word: for them a copy costs no call. */
static inline void copy_element(const struct keel_chan *chan, void *to, const void *from)
{
    if (likely(chan->element_size == sizeof(uint64_t)))
        memcpy(to, from, sizeof(uint64_t));
    else if (chan->element_size > 0)
        memcpy(to, from, chan->element_size);
}

static unsigned char *slot(const struct keel_chan *chan, size_t position)
{
    if (position >= chan->capacity)
        position -= chan->capacity;
    return chan->slots + position * chan->element_size;
}

static void set_length(struct keel_chan *chan, size_t length)
{
    atomic_store(&chan->length, length, RELAXED); /* RELAXED: read elsewhere as a snapshot */
}

static void ring_append(struct keel_chan *chan, const void *element)
{
    copy_element(chan, slot(chan, chan->first + chan->length), element);
    set_length(chan, chan->length + 1);
}

static void ring_remove(struct keel_chan *chan, void *element)
{
    copy_element(chan, element, slot(chan, chan->first));
    chan->first = chan->first + 1 == chan->capacity ? 0 : chan->first + 1;
    set_length(chan, chan->length - 1);
}

/*
 * Parks the caller in `list`; the lock, which it holds, is released after the switch. Returns
 * whether its element was transferred: not so when the channel was closed.
 */
static bool wait_in(struct keel_chan *chan, struct list_node *list, void *element,
                    enum sched_wait_reason reason)
{
    struct chan_waiter waiter = {.task = sched_self(), .element = element};
    list_push_back(list, &waiter.link);
    sched_park(reason, chan, sched_step_unlock, &chan->lock);
    return waiter.transferred;
}

/* Ends a waiter's wait after its element was copied. The channel is not touched after the release.
 */
static void complete(struct keel_chan *chan, struct chan_waiter *waiter)
{
    waiter->transferred = true;
    lock_release(&chan->lock);
    sched_ready_next(waiter->task);
}

/* Most calls need not wait. So what a wait takes is got when it must be, and the call begins anew.
 */
static void prepare_to_wait(keel_chan *chan)
{
    lock_release(&chan->lock);
    sched_before_park();
}

__attribute__((always_inline)) static inline int send_now(keel_chan *chan, const void *element)
{
    chan_lock(chan);
    if (chan->closed) {
        lock_release(&chan->lock);
        return -EPIPE;
    }
    struct chan_waiter *receiver = chan_take_waiter(chan, &chan->receivers_waiting);
    if (receiver != NULL) {
        copy_element(chan, receiver->element, element);
        complete(chan, receiver);
        return 0;
    }
    if (chan->length < chan->capacity) {
        ring_append(chan, element);
        lock_release(&chan->lock);
        chan_moved();
        return 0;
    }
    return CHAN_MUST_WAIT;
}

int keel_chan_send(keel_chan *chan, const void *element)
{
    int result = send_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (unlikely(!sched_is_prepared())) {
        prepare_to_wait(chan);
        return keel_chan_send(chan, element);
    }
    /* A waiter's element is only read when it sends. */
    void *source = (void *)(uintptr_t)element;
    bool sent = wait_in(chan, &chan->senders_waiting, source, SCHED_WAIT_CHAN_SEND);
    return sent ? 0 : -EPIPE;
}

__attribute__((always_inline)) static inline int receive_now(keel_chan *chan, void *element)
{
    chan_lock(chan);
    struct chan_waiter *sender = chan_take_waiter(chan, &chan->senders_waiting);
    if (chan->length > 0) {
        ring_remove(chan, element);
        /* The oldest waiting sender takes the place that became free: first come, first served. */
        if (sender != NULL)
            ring_append(chan, sender->element);
    } else if (sender != NULL) {
        copy_element(chan, element, sender->element);
    } else if (chan->closed) {
        lock_release(&chan->lock);
        return 0;
    } else {
        return CHAN_MUST_WAIT;
    }
    if (sender != NULL)
        complete(chan, sender);
    else
        lock_release(&chan->lock);
    chan_moved();
    return 1;
}

int keel_chan_receive(keel_chan *chan, void *element)
{
    int result = receive_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (unlikely(!sched_is_prepared())) {
        prepare_to_wait(chan);
        return keel_chan_receive(chan, element);
    }
    return wait_in(chan, &chan->receivers_waiting, element, SCHED_WAIT_CHAN_RECEIVE) ? 1 : 0;
}

int chan_send_now(keel_chan *chan, const void *element)
{
    return send_now(chan, element);
}

int chan_receive_now(keel_chan *chan, void *element)
{
    return receive_now(chan, element);
}
