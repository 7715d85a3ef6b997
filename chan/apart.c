#include "chan/apart.h"

#include "base/memory.h"

_Static_assert(sizeof(struct chan_waiter) <= sched_shelf_node, "it may lie in a shelf");

void chan_begin_apart(const struct keel_chan *chan, struct chan_waiter *waiter, const void *element,
                      enum sched_wait_reason reason)
{
    void *place = sched_shelving()->element();
    *waiter = (struct chan_waiter){.task = sched_self(), .element = place};
    if (reason == SCHED_WAIT_CHAN_SEND && chan->element_size > 0)
        memcpy(place, element, chan->element_size);
}

bool chan_wait_apart(struct keel_chan *chan, struct list_node *list, struct chan_waiter *waiter,
                     void *element, enum sched_wait_reason reason)
{
    size_t size = chan->element_size; /* the channel may be gone after the park */
    chan_begin_apart(chan, waiter, element, reason);
    list_push_back(list, &waiter->link);
    sched_park(reason, chan, sched_step_unlock, &chan->lock);
    if (reason == SCHED_WAIT_CHAN_RECEIVE && waiter->transferred)
        memcpy(element, waiter->element, size);
    return waiter->transferred;
}
