/*
 * A livelock: a task that yielded in a loop looked at its own worker's queues only. When what it
 * waited for stood in the queue of another worker, which computed on and on, nobody ever ran it.
 */
#include "tests/sched/meeting.h"

static uint32_t computing, yielding, done;

static void *mark_done(void *arg)
{
    arrive(arg);
    return NULL;
}

/*
 * When main is on the other worker: leaves a task in its own worker's queue, and keeps the worker
 * until that task has run.
 */
static void *compute(void *arg)
{
    arrive(&computing);
    spin_until(&yielding, 1);
    keel_task_detach(keel_task_create(mark_done, &done, NULL));
    *(bool *)arg = spin_until(&done, 1);
    return NULL;
}

int main(void)
{
    if (keel_worker_count() < 2) {
        skip("a yield finds another worker's task", "one worker has no other");
        return tap_done();
    }
    bool was_run = true;
    for (int round = 0; round < 20 && was_run; round++) {
        was_run = false;
        computing = yielding = done = 0;
        keel_task *task = keel_task_create(compute, &was_run, NULL);
        bool began = yield_until(&computing, 1);
        arrive(&yielding);
        bool is_done = yield_until(&done, 1);
        keel_task_await(task, NULL);
        check(began && is_done && was_run, "a yield finds another worker's task");
    }
    return tap_done();
}
