/*
 * What timers cost those who sleep, counted in sleeps of the workers' threads: one that is
 * cancelled wakes nobody, and one that comes while a worker searches is served by that search.
 */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

static keel_worker_stats read_total(void)
{
    keel_sched_stats counted = {.size = sizeof counted};
    keel_sched_stats_read(&counted);
    return counted.total;
}

static uint64_t count_sleeps(void)
{
    return read_total().sleeps;
}

/* Until so many tasks wait. */
static bool all_wait(uint64_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    for (;;) {
        keel_worker_stats total = read_total();
        if (total.parks - total.wakes >= wanted)
            return true;
        if (keel_now() > end)
            return false;
        keel_yield();
    }
}

static uint32_t count_workers(void)
{
    return atomic_load(&sched.worker_count, RELAXED); /* RELAXED: a number by itself */
}

/* ---- cancelled, and then all is quiet */

enum { cancelled_count = 1000 };

static int64_t first_deadline;

static void *receive_in_time(void *arg)
{
    static uint32_t number; /* atomic */
    uint64_t element;
    /* RELAXED: all are different. */
    int64_t i = atomic_fetch_add(&number, 1, RELAXED);
    return (void *)(intptr_t)keel_chan_receive_until(arg, &element,
                                                     first_deadline + i * MILLISECOND / 4);
}

/* Their deadlines, a quarter of a millisecond apart, would all come while main sleeps. */
static void cancelled_and_quiet(void)
{
    static keel_task *tasks[cancelled_count];
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    uint64_t element = 1;
    size_t in_time = 0;
    first_deadline = keel_now() + 2000 * MILLISECOND;
    for (size_t i = 0; i < cancelled_count; i++)
        tasks[i] = keel_task_create(receive_in_time, chan, NULL);
    check(all_wait(cancelled_count), "a thousand tasks wait, each with a deadline");
    for (size_t i = 0; i < cancelled_count; i++)
        keel_chan_send(chan, &element);
    for (size_t i = 0; i < cancelled_count; i++) {
        void *result;
        keel_task_await(tasks[i], &result);
        in_time += (intptr_t)result == 1;
    }
    keel_chan_release(chan, NULL);
    check_equal(in_time, cancelled_count, "  and are woken before it comes");
    /* Until nobody naps any more. */
    keel_sleep_until(first_deadline - MILLISECOND);
    uint64_t before = count_sleeps();
    keel_sleep(cancelled_count / 4 * MILLISECOND);
    uint64_t slept = count_sleeps() - before;
    tap_note("sleeps", (int64_t)slept);
    /* Each worker may have covered one of them, and may be woken once when main goes on. */
    check(slept <= 3 * count_workers(), "while their deadlines pass, no worker wakes for them");
}

/* ---- due while a worker searches */

enum { ticks = 30, batches = 200 };

static uint32_t began, stop, served_by_searches;

/* Sleeps that are shorter than any search. */
static void *tick(void *arg)
{
    arrive(&began);
    for (unsigned batch = 0; batch < batches && !have_arrived(&served_by_searches, 1); batch++) {
        uint64_t before = count_sleeps();
        for (unsigned i = 0; i < ticks; i++)
            keel_sleep(5000);
        if (count_sleeps() - before <= ticks / 2)
            arrive(&served_by_searches);
    }
    arrive(&stop);
    return arg;
}

/*
 * This task keeps its worker and goes on all the while, so another worker searches for long, or for
 * a while, when the kernel has put both on one CPU. By count, not by time: a search that does not
 * look at timers ends in a sleep each time.
 */
static void due_in_a_search(void)
{
    if (keel_worker_count() < 2) {
        skip("timers are served while a worker searches", "needs two workers");
        return;
    }
    keel_chan *chan = keel_chan_create(1, sizeof(uint64_t));
    keel_task *task = keel_task_create(tick, NULL, NULL);
    uint64_t element = 0;
    int64_t end = keel_now() + meeting_patience;
    spin_until(&began, 1);
    while (!have_arrived(&stop, 1) && keel_now() < end) {
        keel_chan_send(chan, &element);
        keel_chan_receive(chan, &element);
    }
    check(have_arrived(&served_by_searches, 1), "timers are served while a worker searches");
    arrive(&served_by_searches);
    keel_task_await(task, NULL);
    keel_chan_release(chan, NULL);
}

int main(void)
{
    cancelled_and_quiet();
    due_in_a_search();
    return tap_done();
}
