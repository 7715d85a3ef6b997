/*
 * Sending and receiving without waiting, in line: for transfer.c, where it is the way that most
 * calls go, and for now.c, which is for the others.
 */
#ifndef KEEL_CHAN_NOW_H
#define KEEL_CHAN_NOW_H

#include <asm/errno.h>

#include "base/memory.h"
#include "chan/chan.h"

/* Most elements are a word: for them a copy costs no call. */
static inline void chan_copy_element(const struct keel_chan *chan, void *to, const void *from)
{
    if (likely(chan->element_size == sizeof(uint64_t)))
        memcpy(to, from, sizeof(uint64_t));
    else if (chan->element_size > 0)
        memcpy(to, from, chan->element_size);
}

static inline unsigned char *chan_slot(const struct keel_chan *chan, size_t position)
{
    if (position >= chan->capacity)
        position -= chan->capacity;
    return chan->slots + position * chan->element_size;
}

static inline void chan_set_length(struct keel_chan *chan, size_t length)
{
    atomic_store(&chan->length, length, RELAXED); /* RELAXED: read elsewhere as a snapshot */
}

static inline void chan_ring_append(struct keel_chan *chan, const void *element)
{
    chan_copy_element(chan, chan_slot(chan, chan->first + chan->length), element);
    chan_set_length(chan, chan->length + 1);
}

static inline void chan_ring_remove(struct keel_chan *chan, void *element)
{
    chan_copy_element(chan, element, chan_slot(chan, chan->first));
    chan->first = chan->first + 1 == chan->capacity ? 0 : chan->first + 1;
    chan_set_length(chan, chan->length - 1);
}

/* Ends a waiter's wait after its element was copied. The channel is not touched after the release.
 */
static inline void chan_complete(struct keel_chan *chan, struct chan_waiter *waiter)
{
    waiter->transferred = true;
    lock_release(&chan->lock);
    sched_ready_next(waiter->task);
}

__attribute__((always_inline)) static inline int chan_send_inline(keel_chan *chan,
                                                                  const void *element)
{
    chan_lock(chan);
    if (chan->closed) {
        lock_release(&chan->lock);
        return -EPIPE;
    }
    struct chan_waiter *receiver = chan_take_waiter(chan, &chan->receivers_waiting);
    if (receiver != NULL) {
        chan_copy_element(chan, receiver->element, element);
        chan_complete(chan, receiver);
        return 0;
    }
    if (chan->length < chan->capacity) {
        chan_ring_append(chan, element);
        lock_release(&chan->lock);
        chan_moved();
        return 0;
    }
    return CHAN_MUST_WAIT;
}

__attribute__((always_inline)) static inline int chan_receive_inline(keel_chan *chan, void *element)
{
    chan_lock(chan);
    struct chan_waiter *sender = chan_take_waiter(chan, &chan->senders_waiting);
    if (chan->length > 0) {
        chan_ring_remove(chan, element);
        /* The oldest waiting sender takes the place that became free: first come, first served. */
        if (sender != NULL)
            chan_ring_append(chan, sender->element);
    } else if (sender != NULL) {
        chan_copy_element(chan, element, sender->element);
    } else if (chan->closed) {
        lock_release(&chan->lock);
        return 0;
    } else {
        return CHAN_MUST_WAIT;
    }
    if (sender != NULL)
        chan_complete(chan, sender);
    else
        lock_release(&chan->lock);
    chan_moved();
    return 1;
}

#endif
