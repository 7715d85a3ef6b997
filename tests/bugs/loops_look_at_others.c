/*
 * Livelocks: a task that waited in a loop without ever parking looked at its own worker's queues
 * only. When what it waited for stood in the queue of another worker, which computed on and on,
 * nobody ever ran it. One such loop yielded; one created and awaited children, each of which ran on
 * its own stack.
 */
#include "tests/sched/meeting.h"

static uint32_t computing, waiting, done;

static void *mark_done(void *arg)
{
    arrive(arg);
    return NULL;
}

static void *do_nothing(void *arg)
{
    return arg;
}

/*
 * When main is on the other worker: leaves a task in its own worker's queue, and keeps the worker
 * until that task has run.
 */
static void *compute(void *arg)
{
    arrive(&computing);
    spin_until(&waiting, 1);
    keel_task_detach(keel_task_create(mark_done, &done, NULL));
    *(bool *)arg = spin_until(&done, 1);
    return NULL;
}

/* Waits as yield_until does, but for the yields. */
static bool await_until(const uint32_t *count, uint32_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, wanted) && keel_now() < end)
        keel_task_await(keel_task_create(do_nothing, NULL, NULL), NULL);
    return have_arrived(count, wanted);
}

static void finds(bool (*wait_until)(const uint32_t *, uint32_t), const char *what)
{
    bool was_run = true;
    for (int round = 0; round < 20 && was_run; round++) {
        was_run = false;
        computing = waiting = done = 0;
        keel_task *task = keel_task_create(compute, &was_run, NULL);
        bool began = yield_until(&computing, 1);
        arrive(&waiting);
        bool is_done = wait_until(&done, 1);
        keel_task_await(task, NULL);
        check(began && is_done && was_run, what);
    }
}

int main(void)
{
    if (keel_worker_count() < 2) {
        skip("a loop that waits finds another worker's task", "one worker has no other");
        return tap_done();
    }
    finds(await_until, "who awaits finds another worker's task");
    finds(yield_until, "a yield finds another worker's task");
    return tap_done();
}
