/*
 * The lock that parks: one holder at a time, first come, first served, also when its queue runs
 * empty and fills again.
 */
#include "sched/mutex.h"
#include "keel/task.h"
#include "sched/sched.h"
#include "tests/tap.h"

enum { waiters = 5, waves = 50 };

static struct sched_mutex mutex;
static unsigned holders;
static unsigned turns;
static unsigned overlaps;

static void *take_turn(void *arg)
{
    for (int i = 0; i < 3; i++) {
        sched_mutex_lock(&mutex);
        if (++holders != 1)
            overlaps++;
        turns++;
        keel_yield(); /* so that others come and wait */
        holders--;
        sched_mutex_unlock(&mutex);
    }
    return arg;
}

/* The queue is empty between two waves. */
static void wave(void)
{
    keel_task *tasks[waiters];
    sched_mutex_lock(&mutex);
    for (int i = 0; i < waiters; i++)
        tasks[i] = keel_task_create(take_turn, NULL, NULL);
    keel_sleep(10000);
    sched_mutex_unlock(&mutex);
    for (int i = 0; i < waiters; i++)
        keel_task_await(tasks[i], NULL);
}

static unsigned order[waiters];
static unsigned arrived;

static void *wait_in_order(void *arg)
{
    sched_mutex_lock(&mutex);
    order[arrived++] = (unsigned)(uintptr_t)arg;
    sched_mutex_unlock(&mutex);
    return NULL;
}

static bool is_waiting(keel_task *task)
{
    return atomic_load(&task->state, RELAXED) == SCHED_TASK_PARKED && task->wait_object == &mutex;
}

static void first_come_first_served(void)
{
    keel_task *tasks[waiters];
    bool in_order = true;
    sched_mutex_lock(&mutex);
    for (uintptr_t i = 0; i < waiters; i++) {
        tasks[i] = keel_task_create(wait_in_order, (void *)i, NULL);
        while (!is_waiting(tasks[i]))
            keel_sleep(10000);
    }
    sched_mutex_unlock(&mutex);
    for (unsigned i = 0; i < waiters; i++)
        keel_task_await(tasks[i], NULL);
    for (unsigned i = 0; i < waiters; i++)
        in_order = in_order && order[i] == i;
    check(in_order, "who came first is served first");
}

int main(void)
{
    for (int i = 0; i < waves; i++)
        wave();
    check_equal(turns, waves * waiters * 3, "everyone had his turns");
    check_equal(overlaps, 0, "one holder at a time");
    first_come_first_served();
    return tap_done();
}
