/* Sends and receives that do not wait, or not for ever. chan.h says what a deadline means. */
#include <asm/errno.h>

#include "base/clock.h"
#include "base/memory.h"
#include "chan/apart.h"
#include "sched/claim.h"

int keel_chan_try_send(keel_chan *chan, const void *element)
{
    int result = chan_send_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    lock_release(&chan->lock);
    return -EAGAIN;
}

int keel_chan_try_receive(keel_chan *chan, void *element)
{
    int result = chan_receive_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    lock_release(&chan->lock);
    return -EAGAIN;
}

/* For a waiter whose deadline has come: nobody knows its node any more when it returns. */
static void leave(struct keel_chan *chan, struct chan_waiter *waiter)
{
    bool last = false;
    lock_acquire(&chan->lock);
    if (list_is_empty(&waiter->link)) {
        /* Somebody has unlinked it; the channel may have waited for us alone. */
        last = --chan->leaving == 0 && chan->references == 0;
    } else {
        list_remove(&waiter->link);
        chan->timed--;
    }
    lock_release(&chan->lock);
    if (last)
        chan_destroy(chan);
}

/*
 * Parks the caller in `list` until `deadline`, which is later than `now`; the lock, which it holds,
 * is released after the switch. Returns 1 when its element was transferred, 0 when the channel was
 * closed, or -ETIMEDOUT.
 */
static int wait_in(struct keel_chan *chan, struct list_node *list, struct chan_waiter *own,
                   enum sched_wait_reason reason, int64_t deadline, int64_t now)
{
    struct keel_task *self = own->task;
    struct chan_waiter *apart = sched_waits_apart(self) ? chan_place_apart(chan) : NULL;
    struct chan_waiter *waiter = apart != NULL ? apart : own;
    size_t size = chan->element_size; /* the channel may be gone after the park */
    if (unlikely(apart != NULL)) {
        chan_begin_apart(chan, apart, own->element, reason);
        apart->timed = true;
    }
    list_push_back(list, &waiter->link);
    chan->timed++;
    sched_claim_open(self);
    sched_timer_prepare(SCHED_TIMER_CLAIM, deadline, now);
    sched_park(reason, chan, sched_step_unlock_until, &chan->lock);
    if (sched_claim_timed_out(self)) {
        leave(chan, waiter);
        return -ETIMEDOUT;
    }
    sched_timer_cancel(self);
    if (unlikely(apart != NULL) && apart->transferred && reason == SCHED_WAIT_CHAN_RECEIVE)
        memcpy(own->element, apart->element, size);
    return waiter->transferred;
}

/* What comes between the first look at the channel and the wait. Returns whether time is left. */
static bool prepare(struct keel_chan *chan, int64_t deadline, int64_t *now)
{
    lock_release(&chan->lock);
    *now = clock_now();
    if (deadline <= *now) {
        keel_yield();
        return false;
    }
    sched_before_park();
    if (sched_waits_apart(sched_self()))
        sched_shelving()->make_room(chan->element_size);
    return true;
}

/* noinline, both: without a deadline their frames do not lie on what may be a small stack. */
static __attribute__((noinline)) int send_until(keel_chan *chan, const void *element,
                                                int64_t deadline)
{
    int64_t now;
    int result = chan_send_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (!prepare(chan, deadline, &now))
        return -ETIMEDOUT;
    result = chan_send_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    struct chan_waiter waiter = {
        .task = sched_self(),
        .element = (void *)(uintptr_t)element, /* only read, of a sender */
        .timed = true,
    };
    result = wait_in(chan, &chan->senders_waiting, &waiter, SCHED_WAIT_CHAN_SEND, deadline, now);
    if (result < 0)
        return result;
    return result == 1 ? 0 : -EPIPE;
}

int keel_chan_send_until(keel_chan *chan, const void *element, int64_t deadline)
{
    return deadline == KEEL_FOREVER ? keel_chan_send(chan, element)
                                    : send_until(chan, element, deadline);
}

static __attribute__((noinline)) int receive_until(keel_chan *chan, void *element, int64_t deadline)
{
    int64_t now;
    int result = chan_receive_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    if (!prepare(chan, deadline, &now))
        return -ETIMEDOUT;
    result = chan_receive_now(chan, element);
    if (result != CHAN_MUST_WAIT)
        return result;
    struct chan_waiter waiter = {.task = sched_self(), .element = element, .timed = true};
    return wait_in(chan, &chan->receivers_waiting, &waiter, SCHED_WAIT_CHAN_RECEIVE, deadline, now);
}

int keel_chan_receive_until(keel_chan *chan, void *element, int64_t deadline)
{
    return deadline == KEEL_FOREVER ? keel_chan_receive(chan, element)
                                    : receive_until(chan, element, deadline);
}
