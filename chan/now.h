/*
 * What a send and a receive are made of, in line: for transfer.c, which has their short ways, and
 * for now.c, which has all of them.
 */
#ifndef KEEL_CHAN_NOW_H
#define KEEL_CHAN_NOW_H

#include <asm/errno.h>

#include "base/memory.h"
#include "chan/chan.h"

/* Most elements are a word: for them a copy is two instructions, wherever they lie. */
struct chan_word {
    uint64_t value;
} __attribute__((packed));

static inline void chan_copy_word(void *to, const void *from)
{
    ((struct chan_word *)to)->value = ((const struct chan_word *)from)->value;
}

static inline void chan_copy_element(const struct keel_chan *chan, void *to, const void *from)
{
    if ((chan->unusual & CHAN_NO_WORDS) == 0)
        chan_copy_word(to, from);
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

/* The oldest element was copied out of the ring. */
static inline void chan_ring_skip(struct keel_chan *chan)
{
    chan->first = chan->first + 1 == chan->capacity ? 0 : chan->first + 1;
    chan_set_length(chan, chan->length - 1);
}

static inline void chan_ring_remove(struct keel_chan *chan, void *element)
{
    chan_copy_element(chan, element, chan_slot(chan, chan->first));
    chan_ring_skip(chan);
}

/* Ends a waiter's wait after its element was copied. The channel is not touched after the release.
 */
static inline void chan_complete(struct keel_chan *chan, struct chan_waiter *waiter)
{
    waiter->transferred = true;
    lock_release(&chan->lock);
    sched_ready_next(waiter->task);
}

#endif
