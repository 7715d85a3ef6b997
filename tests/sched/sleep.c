/* Sleeping: never too short, in the order of the deadlines, and beside a task that computes. */
#include "keel/task.h"

#include <linux/time.h>

#include "abi/time.h"
#include "tests/sched/meeting.h"

static void lower_bound(void)
{
    int64_t before = keel_now();
    check_equal(keel_sleep(5 * MILLISECOND), 0, "a sleep returns 0");
    check(keel_now() - before >= 5 * MILLISECOND, "it is not shorter than asked for");

    int64_t deadline = keel_now() + 3 * MILLISECOND;
    check_equal(keel_sleep_until(deadline), 0, "a sleep until a deadline returns 0");
    check(keel_now() >= deadline, "and not before it");

    size_t early = 0;
    for (int64_t ns = 1; ns < 300000; ns = ns * 5 / 4 + 1) {
        before = keel_now();
        keel_sleep(ns);
        early += keel_now() - before < ns;
    }
    check_equal(early, 0, "short sleeps are not too short either");
}

static void *mark(void *arg)
{
    arrive(arg);
    return NULL;
}

/* What does not sleep yields: on one worker, a fresh task has run when it returns. */
static void past(void)
{
    const struct {
        int64_t time;
        bool is_deadline;
        const char *what;
    } cases[] = {
        {0, false, "sleep 0 yields"},
        {-1, false, "a negative sleep yields"},
        {INT64_MIN, false, "the most negative sleep yields"},
        {0, true, "deadline 0 yields"},
        {-5, true, "a negative deadline yields"},
        {keel_now() - MILLISECOND, true, "a deadline that has passed yields"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t marked = 0;
        keel_task *task = keel_task_create(mark, &marked, NULL);
        int result =
            cases[i].is_deadline ? keel_sleep_until(cases[i].time) : keel_sleep(cases[i].time);
        bool ran = keel_worker_count() > 1 || have_arrived(&marked, 1);
        check(result == 0 && ran, cases[i].what);
        keel_task_await(task, NULL);
    }
}

enum { ordered_count = 40 };

static int64_t ordered_base;
static uint32_t woken_order[ordered_count], woken_count;
static bool came_late; /* one may have begun to sleep after its deadline: then there is no order */

static void *sleep_in_order(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    int64_t deadline = ordered_base + (int64_t)number * MILLISECOND / 4;
    came_late |= keel_now() >= deadline;
    keel_sleep_until(deadline);
    /* RELAXED: one worker. */
    woken_order[atomic_fetch_add(&woken_count, 1, RELAXED)] = (uint32_t)number;
    return NULL;
}

static void sleep_all_in_order(void)
{
    keel_task *tasks[ordered_count];
    came_late = false;
    woken_count = 0;
    ordered_base = keel_now() + 5 * MILLISECOND;
    /* 7 and 40 have no common divisor: all numbers, far from sorted. */
    for (uintptr_t i = 0; i < ordered_count; i++)
        tasks[i] = keel_task_create(sleep_in_order, (void *)(i * 7 % ordered_count), NULL);
    for (uintptr_t i = 0; i < ordered_count; i++)
        keel_task_await(tasks[i], NULL);
    /* Held up on the way, one may have looked in time, and slept too late. */
    came_late |= keel_now() > ordered_base + ordered_count * MILLISECOND / 4 + 10 * MILLISECOND;
}

static void order(void)
{
    if (keel_worker_count() > 1) {
        skip("sleepers wake in the order of their deadlines", "one worker only");
        return;
    }
    int tries = 20;
    do
        sleep_all_in_order();
    while (came_late && --tries > 0);
    if (came_late) {
        skip("sleepers wake in the order of their deadlines", "too slow to begin in time");
        return;
    }
    size_t wrong = 0;
    for (uint32_t i = 0; i < ordered_count; i++)
        wrong += woken_order[i] != i;
    check_equal(wrong, 0, "sleepers wake in the order of their deadlines");
}

enum { sleeper_count = 2000 };

/* Several sleeps of its own lengths; how many were too short. */
static void *sleep_often(void *arg)
{
    uintptr_t early = 0;
    uint64_t random = (uintptr_t)arg * 2654435761u + 12345;
    for (int i = 0; i < 3; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int64_t ns = (int64_t)(random >> 33) % (40 * MILLISECOND);
        int64_t before = keel_now();
        keel_sleep(ns);
        early += keel_now() - before < ns;
    }
    return (void *)early;
}

static void many_at_once(void)
{
    static keel_task *tasks[sleeper_count];
    for (uintptr_t i = 0; i < sleeper_count; i++)
        tasks[i] = keel_task_create(sleep_often, (void *)i, NULL);
    uintptr_t early = 0;
    for (uintptr_t i = 0; i < sleeper_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        early += (uintptr_t)result;
    }
    check_equal(early, 0, "2,000 sleepers all wake, and none too early");
}

static void *compute_until(void *arg)
{
    return (void *)(uintptr_t)spin_until(arg, 1);
}

static void *sleep_and_mark(void *arg)
{
    keel_sleep(MILLISECOND / 2);
    arrive(arg);
    return NULL;
}

/*
 * One task holds its worker until the sleeper has slept: so another worker must see to the timer,
 * whichever worker the sleeper fell asleep on.
 */
static void beside_a_computing_task(void)
{
    if (keel_worker_count() < 2) {
        skip("a sleeper wakes while another task computes", "needs two workers");
        return;
    }
    size_t in_vain = 0;
    for (int i = 0; i < 100 && in_vain == 0; i++) {
        uint32_t slept = 0;
        keel_task *sleeper = keel_task_create(sleep_and_mark, &slept, NULL);
        keel_task *computing = keel_task_create(compute_until, &slept, NULL);
        void *result = NULL;
        keel_task_await(computing, &result);
        in_vain += result == NULL;
        keel_task_await(sleeper, NULL);
    }
    check_equal(in_vain, 0, "a sleeper wakes while another task computes");
}

static int64_t processor_time(void)
{
    struct abi_timespec time;
    arch_syscall2(__NR_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, (long)&time);
    return time.seconds * abi_nanoseconds_per_second + time.nanoseconds;
}

static void idle(void)
{
    int64_t before = keel_now();
    int64_t used_before = processor_time();
    keel_sleep(150 * MILLISECOND);
    int64_t elapsed = keel_now() - before;
    int64_t used = processor_time() - used_before;
    check(used < elapsed / 2, "an idle process leaves the processor alone");
}

static void clock(void)
{
    int64_t last = keel_now();
    size_t backwards = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t now = keel_now();
        backwards += now < last;
        last = now;
    }
    check_equal(backwards, 0, "the clock never goes back");
}

int main(void)
{
    clock();
    lower_bound();
    past();
    order();
    many_at_once();
    beside_a_computing_task();
    idle();
    return tap_done();
}
