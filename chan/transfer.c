/* Send and receive. chan.h has the invariants. */
#include "chan/apart.h"
#include "chan/now.h"

/*
 * Parks the caller in `list`; the lock, which it holds, is released after the switch. Returns
 * whether its element was transferred: not so when the channel was closed.
 */
static bool wait_in(struct keel_chan *chan, struct list_node *list, void *element,
                    enum sched_wait_reason reason)
{
    struct keel_task *self = sched_self();
    struct chan_waiter *apart = sched_waits_apart(self) ? chan_place_apart(chan) : NULL;
    if (unlikely(apart != NULL))
        return chan_wait_apart(chan, list, apart, element, reason);
    struct chan_waiter waiter = {.task = self, .element = element};
    list_push_back(list, &waiter.link);
    sched_park(reason, chan, sched_step_unlock, &chan->lock);
    return waiter.transferred;
}

/* Most calls need not wait. So what a wait takes is got when it must be, and the call begins anew.
 */
static void prepare_to_wait(keel_chan *chan)
{
    lock_release(&chan->lock);
    sched_before_park();
    if (sched_waits_apart(sched_self()))
        sched_shelving()->make_room(chan->element_size);
}

static inline bool is_prepared(const keel_chan *chan)
{
    return sched_is_prepared() &&
           (!sched_waits_apart(sched_self()) || sched_shelving()->has_room(chan->element_size));
}

int keel_chan_send(keel_chan *chan, const void *element)
{
    int result = chan_send_inline(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (unlikely(!is_prepared(chan))) {
        prepare_to_wait(chan);
        return keel_chan_send(chan, element);
    }
    /* A waiter's element is only read when it sends. */
    void *source = (void *)(uintptr_t)element;
    bool sent = wait_in(chan, &chan->senders_waiting, source, SCHED_WAIT_CHAN_SEND);
    return sent ? 0 : -EPIPE;
}

int keel_chan_receive(keel_chan *chan, void *element)
{
    int result = chan_receive_inline(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (unlikely(!is_prepared(chan))) {
        prepare_to_wait(chan);
        return keel_chan_receive(chan, element);
    }
    return wait_in(chan, &chan->receivers_waiting, element, SCHED_WAIT_CHAN_RECEIVE) ? 1 : 0;
}
