/*
 * A short sleep that begins after a long one, while a worker sleeps already until the long one's
 * end: the short one must not wait for it. By order, not by time: the long one is very long.
 */
#include "base/atomic.h"
#include "sched/sched.h"
#include "tests/tap.h"

static const int64_t millisecond = 1000000;
static uint32_t long_ended;

static void *sleep_long(void *arg)
{
    keel_sleep(12000 * millisecond);
    atomic_store(&long_ended, 1, RELAXED); /* RELAXED: only looked at */
    return arg;
}

/* A hint: between two naps it may look so too. */
static bool another_sleeps_on(void)
{
    /* RELAXED: hints, looked at again and again. */
    return atomic_load(&sched.idle_count, RELAXED) != 0 &&
           atomic_load(&sched.napping, RELAXED) == 0;
}

/*
 * Keeps this worker busy, so that another one picks the long sleeper up and goes to sleep itself:
 * until it naps no more (idle.c), because who naps looks at the timers each time. That takes a
 * second. It is so when it looks so for longer than some naps.
 */
static void compute(void)
{
    int64_t begin = keel_now();
    int64_t since = begin;
    int64_t now = begin;
    bool alone = keel_worker_count() < 2;
    while (now < begin + 30 * millisecond ||
           (!alone && now < begin + 8000 * millisecond && now < since + 5 * millisecond)) {
        now = keel_now();
        if (!another_sleeps_on())
            since = now;
        arch_pause();
    }
}

int main(void)
{
    keel_task *task = keel_task_create(sleep_long, NULL, NULL);
    compute();
    keel_sleep(2 * millisecond);
    check(!atomic_load(&long_ended, RELAXED),
          "a short sleep ends before a long one that began earlier");
    keel_sleep(2 * millisecond);
    check(!atomic_load(&long_ended, RELAXED), "and so does the next");
    keel_task_detach(task);
    return tap_done();
}
