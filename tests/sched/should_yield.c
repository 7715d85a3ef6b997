/*
 * Loops that yield only when keel_should_yield says so, beside what wants their worker. The thread
 * that answers is there while somebody asks and there are tasks, and no longer.
 */
#include "sched/sched.h"
#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { sleeps = 20 };

static uint32_t sleepers_done, ran; /* atomic */
static uint64_t polls, told;
static int64_t latest;

static void sleep_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < sleeps; i++) {
        int64_t deadline = keel_now() + MILLISECOND;
        keel_sleep_until(deadline);
        int64_t late = keel_now() - deadline;
        if (late > latest)
            latest = late;
    }
    arrive(&sleepers_done);
}

/* Computes until so many have arrived; yields when told. False: it took too long. */
static bool compute_until(const uint32_t *count, uint32_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    for (uint64_t i = 0; !have_arrived(count, wanted); i++) {
        if (i % 1024 == 0 && keel_now() > end)
            return false;
        polls++;
        if (keel_should_yield()) {
            told++;
            keel_yield();
        }
    }
    return true;
}

/* ---- one task */

static void test_alone(long threads)
{
    keel_yield();
    bool answer = false;
    int64_t end = keel_now() + 30 * MILLISECOND;
    while (keel_now() < end)
        answer |= keel_should_yield();
    check(!answer, "nothing wants the worker of the only task");
    check_equal(count_threads(), threads, "and nobody looks whether something does");
}

/* ---- one worker */

static void begin(void *arg)
{
    (void)arg;
    arrive(&ran);
}

static void test_fresh(void)
{
    ran = 0;
    keel_spawn(begin, NULL);
    check(compute_until(&ran, 1), "a task that has not begun wants the worker");
}

static void test_sleeper(const char *what)
{
    latest = 0;
    sleepers_done = 0;
    polls = told = 0;
    keel_spawn(sleep_often, NULL);
    bool done = compute_until(&sleepers_done, 1);
    check(done, what);
    tap_note("worst lateness of a sleeper, microseconds", latest / 1000);
    tap_note("the loop asked so often", (int64_t)polls);
    tap_note("and was told to yield so often", (int64_t)told);
}

/* Who was told is not told again before something waits anew. */
static void test_told_once(void)
{
    keel_yield();
    unsigned yes = 0;
    for (unsigned i = 0; i < 1000; i++) {
        if (keel_should_yield()) {
            yes++;
            keel_yield();
        }
    }
    check(yes < 100, "a yield ends the answer");
}

/* Nobody asks any more: the thread goes, and comes again for who does. */
static void test_leaves(long threads)
{
    if (threads == 0) {
        skip("the thread goes when nobody asks", "there is no /proc");
    } else {
        int64_t end = keel_now() + meeting_patience;
        while (count_threads() > threads && keel_now() < end)
            keel_sleep(50 * MILLISECOND);
        check_equal(count_threads(), threads, "the thread goes when nobody asks");
    }
    test_sleeper("and comes again for who does");
}

/* ---- two workers, both computing */

static uint32_t computing; /* atomic */

static void *compute_beside(void *arg)
{
    int64_t end = keel_now() + meeting_patience;
    arrive(&computing);
    while (!have_arrived(&sleepers_done, 1) && keel_now() < end) {
        if (keel_should_yield())
            keel_yield();
    }
    return arg;
}

static void test_two_workers(void)
{
    if (keel_worker_count() < 2) {
        skip("two workers that compute", "there is one worker");
        return;
    }
    sleepers_done = 0;
    keel_task *beside = keel_task_create(compute_beside, NULL, NULL);
    bool met = compute_until(&computing, 1);
    test_sleeper("beside two workers that compute a sleeper wakes");
    check(met, "both computed");
    keel_task_await(beside, NULL);
    ran = 0;
    sleepers_done = 0;
    beside = keel_task_create(compute_beside, NULL, NULL);
    met = compute_until(&computing, 2);
    test_fresh();
    arrive(&sleepers_done);
    check(met, "both computed again");
    keel_task_await(beside, NULL);
}

/* RELAXED: nobody else is there yet. */
static void limit_workers(unsigned count)
{
    atomic_store(&sched.worker_limit, count, RELAXED);
}

int main(void)
{
    limit_workers(1);
    long threads = count_threads();
    test_alone(threads);
    test_fresh();
    test_sleeper("a sleeper wakes beside a loop that asks");
    test_told_once();
    test_leaves(threads);
    limit_workers(0); /* asked for anew */
    test_two_workers();
    return tap_done();
}
