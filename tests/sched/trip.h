/*
 * A task that parks on one worker and goes on on another. When it waits on the caller's own worker,
 * the caller wakes it and then keeps the worker, so it must go on elsewhere; not every trip
 * succeeds, so tests make trips until enough have.
 */
#ifndef KEEL_TESTS_SCHED_TRIP_H
#define KEEL_TESTS_SCHED_TRIP_H

#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

struct trip {
    keel_chan *chan;
    unsigned from, to; /* workers */
    uint32_t waits, arrived;
};

/* The traveller calls it, once. */
static inline void trip_travel(struct trip *trip)
{
    trip->from = sched_worker()->index;
    arrive(&trip->waits);
    keel_chan_receive(trip->chan, NULL);
    trip->to = sched_worker()->index;
    arrive(&trip->arrived);
}

/* Makes fn(arg), which travels `trip`, a task, sends it on its way and returns its result. */
static inline void *trip_send(struct trip *trip, void *(*fn)(void *), void *arg,
                              const keel_task_options *options)
{
    *trip = (struct trip){.chan = keel_chan_create(0, 0)};
    keel_task *task = keel_task_create(fn, arg, options);
    yield_until(&trip->waits, 1);
    bool here = keel_worker_count() > 1 && sched_worker()->index == trip->from;
    keel_chan_send(trip->chan, NULL);
    if (here && sched_worker()->index == trip->from)
        spin_until(&trip->arrived, 1);
    void *result;
    keel_task_await(task, &result);
    keel_chan_release(trip->chan, NULL);
    return result;
}

static inline bool trip_has_moved(const struct trip *trip)
{
    return trip->from != trip->to;
}

#endif
