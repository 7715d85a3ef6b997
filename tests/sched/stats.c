/*
 * keel_sched_stats_read. On one worker the numbers are exact; on several, those that do not depend
 * on who did what. No clock is believed but the runtime's own.
 */
#include "base/memory.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { detached = 500, awaited = 300, parked = 40, yields = 77, room = 64 };

static keel_worker_stats read_total(void)
{
    keel_sched_stats counted = {.size = sizeof counted};
    keel_sched_stats_read(&counted);
    return counted.total;
}

static uint32_t ran; /* atomic */

static void run_once(void *arg)
{
    (void)arg;
    arrive(&ran);
}

static void *return_arg(void *arg)
{
    return arg;
}

/* Until all but main have ended: the last ones are counted after they have done their work. */
static bool all_have_ended(void)
{
    int64_t end = keel_now() + meeting_patience;
    for (;;) {
        keel_worker_stats total = read_total();
        if (total.spawned == total.ended)
            return true;
        if (keel_now() > end)
            return false;
        keel_yield();
    }
}

static void test_spawned_and_ended(void)
{
    static keel_task *tasks[awaited];
    keel_worker_stats before = read_total();
    ran = 0;
    for (unsigned i = 0; i < detached; i++)
        keel_spawn(run_once, NULL);
    for (unsigned i = 0; i < awaited; i++)
        tasks[i] = keel_task_create(return_arg, NULL, NULL);
    check_equal(read_total().spawned - before.spawned, detached + awaited, "each spawn is counted");
    for (unsigned i = 0; i < awaited; i++)
        keel_task_await(tasks[i], NULL);
    check(yield_until(&ran, detached) && all_have_ended(), "what was spawned has ended");
    check_equal(read_total().ended - before.ended, detached + awaited, "each end is counted");
}

static keel_chan *chan;
static uint32_t waiting; /* atomic */

static void wait_on_chan(void *arg)
{
    (void)arg;
    arrive(&waiting);
    keel_chan_receive(chan, NULL);
}

/* Parks that are not ended yet. */
static uint64_t waits_now(void)
{
    keel_worker_stats total = read_total();
    return total.parks - total.wakes;
}

static void test_parks_and_wakes(void)
{
    keel_worker_stats before = read_total();
    chan = keel_chan_create(0, 0);
    waiting = 0;
    check_equal(waits_now(), 0, "nobody waits");
    for (unsigned i = 0; i < parked; i++)
        keel_spawn(wait_on_chan, NULL);
    yield_until(&waiting, parked);
    int64_t end = keel_now() + meeting_patience;
    while (waits_now() != parked && keel_now() < end)
        keel_yield();
    check_equal(waits_now(), parked, "each task that waits is a park without a wake");
    keel_chan_close(chan);
    check_equal(read_total().wakes - before.wakes, parked, "each that goes on is a wake");
    check_equal(waits_now(), 0, "then nobody waits");
    all_have_ended();
    keel_chan_release(chan, NULL);
}

/* ---- exactly, on one worker */

static void *yield_often(void *arg)
{
    for (unsigned i = 0; i < yields; i++)
        keel_yield();
    return arg;
}

static void test_yields(void)
{
    keel_worker_stats before = read_total();
    /* Not awaited: that would run it here. */
    keel_task *partner = keel_task_create(yield_often, NULL, NULL);
    yield_often(NULL);
    keel_worker_stats after = read_total();
    /* The partner may not have come to its last one. */
    uint64_t counted = after.yields - before.yields;
    check(counted == 2 * yields || counted == 2 * yields - 1, "yields of two tasks to each other");
    check_equal(after.parks - before.parks, 0, "a yield is no park");
    check_equal(after.wakes - before.wakes, 0, "and nobody is woken by it");
    keel_task_await(partner, NULL);
}

static void test_queues(void)
{
    enum { more_than_the_ring = ring_capacity + 50 };
    keel_sched_stats counted = {.size = sizeof counted};
    waiting = 0;
    chan = keel_chan_create(0, 0);
    for (unsigned i = 0; i < more_than_the_ring; i++)
        keel_spawn(wait_on_chan, NULL);
    check_equal(read_total().queued_fresh, more_than_the_ring, "tasks that have not begun");
    check_equal(read_total().queued_ready, 0, "none of them can go on");
    yield_until(&waiting, more_than_the_ring);
    keel_yield();
    check_equal(read_total().queued_fresh, 0, "none when all have begun");
    keel_chan_close(chan);
    keel_sched_stats_read(&counted);
    check_equal(counted.total.queued_ready + counted.queued_shared, more_than_the_ring,
                "tasks that can go on");
    check(counted.queued_shared >= more_than_the_ring - ring_capacity - 1, "some in shared queues");
    all_have_ended();
    keel_sched_stats_read(&counted);
    check_equal(counted.queued_shared + counted.total.queued_ready, 0, "none when all have ended");
    keel_chan_release(chan, NULL);
}

static uint64_t all_times(const keel_worker_stats *counted)
{
    return counted->running + counted->searching + counted->idle;
}

static void test_times(void)
{
    int64_t first = keel_now();
    keel_worker_stats before = read_total();
    int64_t second = keel_now();
    while (keel_now() < second + 3 * MILLISECOND)
        arch_pause();
    keel_worker_stats busy = read_total();
    check(busy.running - before.running >= (uint64_t)(3 * MILLISECOND), "a task's time is running");
    check_equal(busy.idle - before.idle, 0, "and not idle");
    keel_worker_stats rested = read_total();
    for (unsigned i = 0; i < 100 && rested.sleeps == busy.sleeps; i++) {
        keel_sleep(3 * MILLISECOND);
        rested = read_total();
    }
    check(rested.sleeps > busy.sleeps, "a worker without a task sleeps");
    check(rested.idle > busy.idle, "that is idle time");
    int64_t third = keel_now();
    keel_worker_stats after = read_total();
    int64_t fourth = keel_now();
    uint64_t grown = all_times(&after) - all_times(&before);
    check(grown >= (uint64_t)(third - second) && grown <= (uint64_t)(fourth - first),
          "the times together are the time that has passed");
}

/* ---- what the caller gives */

static void test_room(void)
{
    static keel_worker_stats workers[room], sum, total;
    keel_sched_stats counted = {.size = sizeof counted, .workers = workers, .worker_room = room};
    counted.reserved[1] = 5;
    keel_sched_stats_read(&counted);
    check_equal(counted.worker_count, sched.worker_count, "how many workers there are");
    for (unsigned i = 0; i < counted.worker_count && i < room; i++) {
        sum.spawned += workers[i].spawned;
        sum.ended += workers[i].ended;
        sum.parks += workers[i].parks;
    }
    total = counted.total;
    check(sum.spawned == total.spawned && sum.ended == total.ended && sum.parks == total.parks,
          "the sums of the workers are the total");
    check_equal(counted.reserved[1], 0, "what is reserved is 0");
    workers[0].spawned = 12345;
    counted.worker_room = 0;
    keel_sched_stats_read(&counted);
    check_equal(workers[0].spawned, 12345, "no worker without room");
}

/* A caller that knows fewer fields, and one that knows more. */
static void test_size(void)
{
    enum { two_fields = 2 * sizeof(uint64_t), beyond = 4 };
    union {
        keel_sched_stats counted;
        uint64_t words[sizeof(keel_sched_stats) / sizeof(uint64_t) + beyond];
    } out;
    uint64_t workers[2 * (sizeof(keel_worker_stats) / sizeof(uint64_t) + beyond)];
    memset(&out, 0xff, sizeof out);
    out.counted.size = offsetof(keel_sched_stats, total) + two_fields;
    out.counted.workers = (keel_worker_stats *)(void *)workers;
    out.counted.worker_room = 1;
    memset(workers, 0xff, sizeof workers);
    keel_sched_stats_read(&out.counted);
    check(out.counted.total.spawned == read_total().spawned &&
              out.counted.total.parks == UINT64_MAX,
          "no field that the caller does not know is written");
    check(workers[0] != UINT64_MAX && workers[2] == UINT64_MAX, "of no worker either");
    out.counted.size = sizeof out;
    keel_sched_stats_read(&out.counted);
    check(out.words[sizeof(keel_sched_stats) / sizeof(uint64_t)] == 0 &&
              workers[sizeof(keel_worker_stats) / sizeof(uint64_t)] == 0,
          "what only the caller knows is 0");
    memset(&out, 0xff, sizeof out);
    out.counted.size = offsetof(keel_sched_stats, total) - 1;
    keel_sched_stats_read(&out.counted);
    check(out.counted.worker_count == SIZE_MAX, "a size that is too small: nothing happens");
}

/* ---- several workers */

static void *compute(void *arg)
{
    int64_t end = keel_now() + MILLISECOND;
    while (keel_now() < end)
        arch_pause();
    return arg;
}

static void test_workers(void)
{
    keel_task *tasks[room];
    if (keel_worker_count() < 2) {
        skip("workers take tasks from each other", "there is one worker");
        return;
    }
    keel_worker_stats before = read_total();
    for (unsigned round = 0; round < 100 && read_total().steals == before.steals; round++) {
        for (unsigned i = 0; i < room; i++)
            tasks[i] = keel_task_create(compute, NULL, NULL);
        for (unsigned i = 0; i < room; i++)
            keel_task_await(tasks[i], NULL);
    }
    keel_worker_stats after = read_total();
    check(after.steals > before.steals, "workers take tasks from each other");
    check(after.running - before.running >= (uint64_t)(room * MILLISECOND),
          "the running time is that of all workers");
}

/* RELAXED: nobody else is there yet. */
static void limit_workers(unsigned count)
{
    atomic_store(&sched.worker_limit, count, RELAXED);
}

int main(void)
{
    limit_workers(1);
    check_equal(read_total().spawned + read_total().ended, 0, "main is not counted");
    test_spawned_and_ended();
    test_parks_and_wakes();
    test_yields();
    test_queues();
    test_times();
    limit_workers(0); /* asked for anew */
    test_workers();
    test_spawned_and_ended();
    test_parks_and_wakes();
    test_room();
    test_size();
    return tap_done();
}
