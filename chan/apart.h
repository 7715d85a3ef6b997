/* Waits of tasks that may be shelved (sched/shelve.h): node and element lie apart from the stack.
 */
#ifndef KEEL_CHAN_APART_H
#define KEEL_CHAN_APART_H

#include "chan/chan.h"
#include "sched/shelve.h"
#include "sched/unusual.h"

/* Where the caller's node can lie, and its element; NULL: on its stack. Caller holds the lock. */
static inline struct chan_waiter *chan_place_apart(const struct keel_chan *chan)
{
    return sched_shelving()->node(chan->element_size);
}

/* Sets the node up that lies there. What is sent is copied; what is received, is to be. */
void chan_begin_apart(const struct keel_chan *chan, struct chan_waiter *waiter, const void *element,
                      enum sched_wait_reason reason);

/* Parks the caller in `list`, as wait_in in transfer.c. */
bool chan_wait_apart(struct keel_chan *chan, struct list_node *list, struct chan_waiter *waiter,
                     void *element, enum sched_wait_reason reason);

#endif
