/* A detached handle: the task runs all the same, and its descriptor is given back by whoever is
 * last. */
#include "sched/sched.h"
#include "tests/sched/descriptors.h"
#include "tests/sched/meeting.h"

static uint32_t begun, ended, gate;

static void *run_through(void *arg)
{
    arrive(&ended);
    return arg;
}

static void *wait_at_gate(void *arg)
{
    arrive(&begun);
    yield_until(&gate, 1);
    arrive(&ended);
    return arg;
}

static void before_the_end(void)
{
    keel_task *task = keel_task_create(wait_at_gate, NULL, NULL);
    check(yield_until(&begun, 1), "the task has begun");
    keel_task_detach(task);
    arrive(&gate);
    check(yield_until(&ended, 1), "a task that was detached while it ran goes on to its end");
    check_equal(descriptors_left(meeting_patience), 1, "and its descriptor is free then");
}

static void after_the_end(void)
{
    keel_task *task = keel_task_create(run_through, NULL, NULL);
    int64_t end = keel_now() + meeting_patience;
    /* ACQUIRE: with the end of the task. */
    while (atomic_load(&task->join, ACQUIRE) != SCHED_JOIN_DONE && keel_now() < end)
        keel_yield();
    check_equal(descriptors_in_use(), 2,
                "a task that has ended keeps its descriptor while its handle is held");
    keel_task_detach(task);
    check_equal(descriptors_left(meeting_patience), 1, "detach gives it back");
}

static void before_the_begin(void)
{
    uint32_t before = ended;
    keel_task_detach(keel_task_create(run_through, NULL, NULL));
    check(yield_until(&ended, before + 1), "a task that was detached at once runs");
}

/* Detach and end race for who comes second. */
static void at_the_end(void)
{
    enum { count = 20000 };
    uint32_t before = ended;
    for (uint32_t i = 0; i < count; i++) {
        keel_task_detach(keel_task_create(run_through, NULL, NULL));
        if (i % 64 == 0)
            keel_yield();
    }
    check(yield_until(&ended, before + count), "20,000 detached tasks run");
    check_equal(descriptors_left(meeting_patience), 1, "and none of their descriptors is lost");
}

int main(void)
{
    before_the_end();
    after_the_end();
    before_the_begin();
    at_the_end();
    return tap_done();
}
