/* Sends and receives that do not wait, whatever the channel is like. */
#include "chan/now.h"

int chan_send_locked(keel_chan *chan, const void *element)
{
    if ((chan->unusual & CHAN_CLOSED) != 0) {
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

int chan_receive_locked(keel_chan *chan, void *element)
{
    struct chan_waiter *sender = chan_take_waiter(chan, &chan->senders_waiting);
    if (chan->length > 0) {
        chan_ring_remove(chan, element);
        /* The oldest waiting sender takes the place that became free: first come, first served. */
        if (sender != NULL)
            chan_ring_append(chan, sender->element);
    } else if (sender != NULL) {
        chan_copy_element(chan, element, sender->element);
    } else if ((chan->unusual & CHAN_CLOSED) != 0) {
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

int chan_send_now(keel_chan *chan, const void *element)
{
    chan_lock(chan);
    return chan_send_locked(chan, element);
}

int chan_receive_now(keel_chan *chan, void *element)
{
    chan_lock(chan);
    return chan_receive_locked(chan, element);
}
