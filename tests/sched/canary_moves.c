/*
 * The stack protector's canary is the same in every worker: a task that entered a protected
 * function on one of them may leave it on another. Compiled with -fstack-protector-all.
 */
#include "base/thread_block.h"

#include <linux/auxvec.h>

#include "base/memory.h"
#include "sched/sched.h"
#include "tests/sched/trip.h"

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

/* Its frame has the canary of the worker that it begins on. */
static __attribute__((noinline)) void *travel(void *arg)
{
    volatile char guarded[100];
    guarded[0] = guarded[99] = 1;
    trip_travel(arg);
    return (void *)(uintptr_t)guarded[99];
}

static void tasks_that_move(void)
{
    if (keel_worker_count() < 2) {
        skip("tasks leave protected functions on another worker", "needs two workers");
        return;
    }
    unsigned moved = 0;
    for (int64_t end = keel_now() + meeting_patience; moved < 50 && keel_now() < end;) {
        struct trip trip;
        trip_send(&trip, travel, &trip, NULL);
        moved += trip_has_moved(&trip);
    }
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
