/* Stealing: what lies in the queues of a busy worker is run by another one. */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

static uint64_t steals(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sched.worker_count; i++)
        sum += sched.workers[i]->counts.steals;
    return sum;
}

enum { rounds = 300 };

static void *mark(void *arg)
{
    arrive(arg);
    return NULL;
}

/* Keeps its worker until the task that it spawned has run: elsewhere, then. */
static void *outlast_child(void *arg)
{
    (void)arg;
    uint32_t ran = 0;
    keel_task *child = keel_task_create(mark, &ran, NULL);
    bool result = spin_until(&ran, 1);
    keel_task_await(child, NULL);
    return (void *)(uintptr_t)result;
}

static void fresh_tasks(void)
{
    uint64_t before = steals();
    unsigned failed = 0;
    for (int i = 0; i < rounds && failed == 0; i++) {
        void *result = NULL;
        keel_task_await(keel_task_create(outlast_child, NULL, NULL), &result);
        failed += result == NULL;
        if (i % 16 == 0)
            keel_sleep(MILLISECOND / 5); /* the others fall asleep */
    }
    check_equal(failed, 0, "a fresh task is stolen from a worker that computes");
    check(steals() - before >= rounds, "and counted");
}

struct woken {
    keel_chan *chan;
    uint32_t waits, ran;
};

static void *wait_to_be_woken(void *arg)
{
    struct woken *woken = arg;
    uint32_t word;
    arrive(&woken->waits);
    keel_chan_receive(woken->chan, &word);
    arrive(&woken->ran);
    return NULL;
}

/* Wakes the task and keeps the worker until it has run: elsewhere, then. */
static void *wake_and_outlast(void *arg)
{
    struct woken *woken = arg;
    uint32_t word = 0;
    keel_chan_send(woken->chan, &word);
    return (void *)(uintptr_t)spin_until(&woken->ran, 1);
}

static void woken_tasks(void)
{
    uint64_t before = steals();
    unsigned failed = 0;
    for (int i = 0; i < rounds && failed == 0; i++) {
        struct woken woken = {.chan = keel_chan_create(0, sizeof(uint32_t))};
        keel_task *waiter = keel_task_create(wait_to_be_woken, &woken, NULL);
        failed += !yield_until(&woken.waits, 1);
        if (i % 16 == 0)
            keel_sleep(MILLISECOND / 5);
        void *result = NULL;
        keel_task_await(keel_task_create(wake_and_outlast, &woken, NULL), &result);
        failed += result == NULL;
        keel_task_await(waiter, NULL);
        keel_chan_release(woken.chan, NULL);
    }
    check_equal(failed, 0, "a woken task is stolen from a worker that computes");
    check(steals() > before, "and counted");
}

int main(void)
{
    if (keel_worker_count() < 2) {
        skip("tasks are stolen", "needs two workers");
        return tap_done();
    }
    fresh_tasks();
    woken_tasks();
    check(steals() > 0, "steals are counted");
    return tap_done();
}
