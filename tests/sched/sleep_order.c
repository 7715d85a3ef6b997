/*
 * A short sleep that begins after a long one, while a worker sleeps already until the long one's
 * end: the short one must not wait for it. By order, not by time: the long one is very long.
 */
#include "tests/sched/sleeping.h"

static uint32_t long_ended;

static void *sleep_long(void *arg)
{
    keel_sleep(12000 * MILLISECOND);
    atomic_store(&long_ended, 1, RELAXED); /* RELAXED: only looked at */
    return arg;
}

/*
 * Keeps this worker busy, so that another one picks the long sleeper up and goes to sleep itself.
 */
static void compute(void)
{
    int64_t end = keel_now() + 30 * MILLISECOND;
    if (keel_worker_count() > 1)
        wait_until_another_sleeps_on();
    while (keel_now() < end)
        arch_pause();
}

int main(void)
{
    keel_task *task = keel_task_create(sleep_long, NULL, NULL);
    compute();
    keel_sleep(2 * MILLISECOND);
    check(!atomic_load(&long_ended, RELAXED),
          "a short sleep ends before a long one that began earlier");
    keel_sleep(2 * MILLISECOND);
    check(!atomic_load(&long_ended, RELAXED), "and so does the next");
    keel_task_detach(task);
    return tap_done();
}
