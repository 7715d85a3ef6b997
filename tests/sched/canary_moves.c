/*
 * The stack protector's canary is the same in every worker: a task that entered a protected
 * function on one of them may leave it on another. Compiled with -fstack-protector-all.
 */
#include "base/thread_block.h"

#include <linux/auxvec.h>

#include "base/memory.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { worker_most = 64 };

static uint64_t canaries[worker_most];
static uint32_t begun;

static void *note_canary(void *arg)
{
    canaries[(uintptr_t)arg] = thread_block()->canary;
    arrive(&begun);
    return (void *)(uintptr_t)spin_until(&begun, keel_worker_count());
}

static void same_everywhere(void)
{
    unsigned count = keel_worker_count();
    keel_task *tasks[worker_most];
    canaries[0] = thread_block()->canary;
    for (uintptr_t i = 1; i < count; i++) {
        tasks[i] = keel_task_create(note_canary, (void *)i, NULL);
        spin_until(&begun, (uint32_t)i);
    }
    arrive(&begun);
    for (uintptr_t i = 1; i < count; i++)
        keel_task_await(tasks[i], NULL);
    unsigned same = 0;
    for (unsigned i = 0; i < count; i++)
        same += canaries[i] == canaries[0] && canaries[i] != 0;
    check_equal(same, count, "all workers have one canary");

    uint64_t random = 0;
    memcpy(&random, (const void *)process_auxiliary(AT_RANDOM, 0), sizeof random);
    check(canaries[0] >> 8 == random >> 8, "it is the kernel's random number");
}

struct trip {
    keel_chan *chan;
    unsigned from, to; /* workers */
    uint32_t waits, arrived;
};

/* Its frame has the canary of the worker that it begins on. */
static __attribute__((noinline)) void *travel(void *arg)
{
    struct trip *trip = arg;
    volatile char guarded[100];
    guarded[0] = guarded[99] = 1;
    trip->from = sched_worker()->index;
    arrive(&trip->waits);
    keel_chan_receive(trip->chan, NULL);
    trip->to = sched_worker()->index;
    arrive(&trip->arrived);
    return (void *)(uintptr_t)guarded[99];
}

/*
 * When the traveller waits on main's own worker, main wakes it and then keeps the worker: so it
 * goes on elsewhere. Whether it did.
 */
static bool send_travelling(void)
{
    struct trip trip = {.chan = keel_chan_create(0, 0)};
    keel_task *task = keel_task_create(travel, &trip, NULL);
    yield_until(&trip.waits, 1);
    bool here = sched_worker()->index == trip.from;
    keel_chan_send(trip.chan, NULL);
    if (here && sched_worker()->index == trip.from)
        spin_until(&trip.arrived, 1);
    keel_task_await(task, NULL);
    keel_chan_release(trip.chan, NULL);
    return trip.from != trip.to;
}

static void tasks_that_move(void)
{
    if (keel_worker_count() < 2) {
        skip("tasks leave protected functions on another worker", "needs two workers");
        return;
    }
    unsigned moved = 0;
    for (int64_t end = keel_now() + meeting_patience; moved < 50 && keel_now() < end;)
        moved += send_travelling();
    check(moved >= 50, "tasks leave protected functions on another worker");
}

int main(void)
{
    if (keel_worker_count() > worker_most) {
        skip("the canary", "more workers than this test has room for");
        return tap_done();
    }
#ifdef __SSP_ALL__
    check(true, "this program is compiled with the stack protector");
#else
    check(false, "this program is compiled with the stack protector");
#endif
    same_everywhere();
    tasks_that_move();
    return tap_done();
}
