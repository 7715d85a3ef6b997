/* How many tasks wait on a channel: what tests need to know before they let one go. */
#ifndef KEEL_TESTS_WAITING_H
#define KEEL_TESTS_WAITING_H

#include "chan/chan.h"
#include "tests/sched/meeting.h"

static inline size_t count_nodes(const struct list_node *head)
{
    size_t count = 0;
    for (const struct list_node *node = head->next; node != head; node = node->next)
        count++;
    return count;
}

static inline size_t senders_waiting(keel_chan *chan)
{
    lock_acquire(&chan->lock);
    size_t count = count_nodes(&chan->senders_waiting);
    lock_release(&chan->lock);
    return count;
}

static inline size_t receivers_waiting(keel_chan *chan)
{
    lock_acquire(&chan->lock);
    size_t count = count_nodes(&chan->receivers_waiting);
    lock_release(&chan->lock);
    return count;
}

/* Lets others run until so many wait, as the function counts them. */
static inline bool until_waiting(size_t (*count)(keel_chan *), keel_chan *chan, size_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (count(chan) != wanted) {
        if (keel_now() > end)
            return false;
        keel_yield();
    }
    return true;
}

static inline bool until_senders_wait(keel_chan *chan, size_t wanted)
{
    return until_waiting(senders_waiting, chan, wanted);
}

static inline bool until_receivers_wait(keel_chan *chan, size_t wanted)
{
    return until_waiting(receivers_waiting, chan, wanted);
}

#endif
