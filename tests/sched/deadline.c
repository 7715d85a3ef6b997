/* Deadlines: of awaits, of many sleepers, far ones; and who wakes when the timer's worker computes.
 */
#include <asm/errno.h>

#include "sched/sched.h"
#include "tests/sched/meeting.h"

static void *seven(void *arg)
{
    (void)arg;
    return (void *)7;
}

static void *wait_for_flag(void *arg)
{
    const uint32_t *flag = arg;
    while (!have_arrived(flag, 1))
        keel_sleep(MILLISECOND / 4);
    return (void *)9;
}

static uint32_t ended; /* atomic */

static void *wait_and_end(void *arg)
{
    wait_for_flag(arg);
    arrive(&ended);
    return NULL;
}

/* ---- awaiting */

static void await_in_time(void)
{
    void *result = NULL;
    keel_task *task = keel_task_create(seven, NULL, NULL);
    check_equal(keel_task_await_until(task, &result, keel_now() + meeting_patience), 0,
                "a task that ends in time is awaited");
    check_equal((intptr_t)result, 7, "  with its result");
    task = keel_task_create(seven, NULL, NULL);
    keel_sleep(2 * MILLISECOND);
    while (keel_task_await_until(task, &result, 0) != 0)
        continue;
    check_equal((intptr_t)result, 7,
                "one that has ended is awaited although the deadline has passed");
    task = keel_task_create(seven, NULL, NULL);
    check_equal(keel_task_await_until(task, &result, KEEL_FOREVER), 0, "without a deadline");
    task = keel_task_create(seven, NULL, NULL);
    check_equal(keel_task_await_until(task, NULL, KEEL_FOREVER - 1), 0, "in 292 years");
}

static void await_too_late(void)
{
    uint32_t flag = 0;
    void *result = &flag;
    keel_task *task = keel_task_create(wait_for_flag, &flag, NULL);
    int64_t deadline = keel_now() + 2 * MILLISECOND;
    check_equal(keel_task_await_until(task, &result, deadline), -ETIMEDOUT, "a deadline comes");
    check(keel_now() >= deadline && result == &flag, "  not before it, and nothing was stored");
    check_equal(keel_task_await_until(task, &result, keel_now() - 1), -ETIMEDOUT,
                "a deadline that has passed");
    check_equal(keel_task_await_until(task, &result, keel_now() + MILLISECOND), -ETIMEDOUT,
                "another deadline comes");
    arrive(&flag);
    check_equal(keel_task_await(task, &result), 0, "the same handle is awaited");
    check_equal((intptr_t)result, 9, "  with its result");

    flag = 0;
    task = keel_task_create(wait_and_end, &flag, NULL);
    keel_task_await_until(task, NULL, keel_now() + MILLISECOND);
    keel_task_detach(task);
    arrive(&flag);
    check(yield_until(&ended, 1), "and one is detached after a deadline");
}

/* A deadline that has passed yields: on one worker, a fresh task has run when it returns. */
static void *mark(void *arg)
{
    arrive(arg);
    return NULL;
}

static void passed_yields(void)
{
    uint32_t never = 0, marked = 0;
    keel_task *waiting = keel_task_create(wait_for_flag, &never, NULL);
    keel_yield();
    keel_task *task = keel_task_create(mark, &marked, NULL);
    int result = keel_task_await_until(waiting, NULL, keel_now() - 1);
    bool ran = keel_worker_count() > 1 || have_arrived(&marked, 1);
    check(result == -ETIMEDOUT && ran, "a deadline that has passed yields once");
    arrive(&never);
    keel_task_await(task, NULL);
    keel_task_await(waiting, NULL);
}

/* The end races with the deadline; whichever wins, the result arrives in the end. */
static void *end_soon(void *arg)
{
    keel_sleep_until(*(int64_t *)arg);
    return arg;
}

static void *compute_until(void *arg)
{
    while (keel_now() < *(int64_t *)arg)
        continue;
    return arg;
}

static void races(void)
{
    enum { rounds = 3000 };
    size_t timed_out = 0, wrong = 0;
    for (size_t i = 0; i < rounds; i++) {
        int64_t end = keel_now() + 30000, deadline = end + (int64_t)(i % 61) * 1000 - 30000;
        void *result = NULL;
        keel_task *task = keel_task_create(i % 3 == 0 ? end_soon : compute_until, &end, NULL);
        int status = keel_task_await_until(task, &result, deadline);
        if (status == -ETIMEDOUT) {
            timed_out++;
            wrong += result != NULL || keel_now() < deadline;
            status = keel_task_await(task, &result);
        }
        wrong += status != 0 || result != &end;
    }
    tap_note("deadlines that came first", (int64_t)timed_out);
    check_equal(wrong, 0, "end and deadline race: one of them wins, and the result arrives");
}

/* ---- sleepers */

enum { crowd_count = 1000 };

static void *sleep_until(void *arg)
{
    keel_sleep_until(*(int64_t *)arg);
    return (void *)(intptr_t)(keel_now() < *(int64_t *)arg);
}

static void same_deadline(void)
{
    static keel_task *tasks[crowd_count];
    int64_t deadline = keel_now() + 30 * MILLISECOND;
    for (size_t i = 0; i < crowd_count; i++)
        tasks[i] = keel_task_create(sleep_until, &deadline, NULL);
    size_t early = 0;
    for (size_t i = 0; i < crowd_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        early += result != NULL;
    }
    check_equal(early, 0, "a thousand sleepers with the same deadline all wake, none early");
}

enum { random_count = 10000 };

/* A sleep, or a wait that a deadline ends; both at random. */
static void *wait_at_random(void *arg)
{
    uint64_t random = (uintptr_t)arg * 6364136223846793005u + 1442695040888963407u;
    int64_t deadline = keel_now() + (int64_t)(random >> 33) % (60 * MILLISECOND);
    keel_task *task = keel_task_create(end_soon, &deadline, NULL);
    bool cancels = (random >> 20) % 2 == 0;
    int64_t until = deadline + (cancels ? 500 : -20) * MILLISECOND;
    int status = keel_task_await_until(task, NULL, until);
    bool early = status == -ETIMEDOUT ? keel_now() < until : keel_now() < deadline;
    if (status == -ETIMEDOUT)
        keel_task_await(task, NULL);
    return (void *)(intptr_t)(early || keel_now() < deadline);
}

static void many_at_random(void)
{
    static keel_task *tasks[random_count];
    size_t early = 0, armed = 0;
    for (uintptr_t i = 0; i < random_count; i++) {
        tasks[i] = keel_task_create(wait_at_random, (void *)i, NULL);
        if (i % 64 == 0)
            keel_yield();
    }
    for (size_t i = 0; i < random_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        early += result != NULL;
    }
    for (uint32_t i = 0; i < sched.worker_count; i++)
        armed += sched.workers[i]->timers.next != CLOCK_FOREVER;
    check_equal(early, 0, "10,000 random deadlines, half of them cancelled: none early");
    check_equal(armed, 0, "  and no timer is left in any wheel");
}

static void *sleep_long(void *arg)
{
    keel_sleep_until(*(int64_t *)arg);
    return NULL;
}

static void far(void)
{
    static int64_t deadlines[4];
    deadlines[0] = keel_now() + MILLISECOND * 365 * 24 * 3600 * 1000;
    deadlines[1] = KEEL_FOREVER - 1;
    deadlines[2] = KEEL_FOREVER;
    deadlines[3] = keel_now() + 3600 * 1000 * MILLISECOND;
    for (size_t i = 0; i < 4; i++)
        keel_task_detach(keel_task_create(sleep_long, &deadlines[i], NULL));
    int64_t before = keel_now();
    keel_sleep(3 * MILLISECOND);
    check(keel_now() - before < meeting_patience, "a short sleep beside sleeps of years ends");
}

/* ---- the timer's worker computes */

static uint32_t woken_flag;

static void *sleep_a_little(void *arg)
{
    (void)arg;
    keel_sleep(5 * MILLISECOND);
    arrive(&woken_flag);
    return NULL;
}

/*
 * The sleeper's timer lies in the wheel of one worker, which then computes for a second; the others
 * are idle. By order, not by time: the sleeper wakes before the computation ends, which waits for
 * it.
 */
static void *hold_the_wheel(void *arg)
{
    (void)arg;
    unsigned index = sched_worker()->index;
    while (sched.workers[index]->timers.next == CLOCK_FOREVER && !have_arrived(&woken_flag, 1))
        keel_yield();
    bool woke = spin_until(&woken_flag, 1);
    return (void *)(intptr_t)woke;
}

static void beside_a_computation(void)
{
    if (keel_worker_count() < 2) {
        skip("an idle worker takes the timer of one that computes", "needs two workers");
        return;
    }
    size_t missed = 0;
    for (int i = 0; i < 20; i++) {
        woken_flag = 0;
        keel_task *sleeper = keel_task_create(sleep_a_little, NULL, NULL);
        keel_task *holder = keel_task_create(hold_the_wheel, NULL, NULL);
        void *woke = NULL;
        keel_task_await(holder, &woke);
        keel_task_await(sleeper, NULL);
        missed += woke == NULL;
    }
    check_equal(missed, 0, "an idle worker takes the timer of one that computes");
}

int main(void)
{
    await_in_time();
    await_too_late();
    passed_yields();
    races();
    same_deadline();
    many_at_random();
    beside_a_computation();
    far();
    return tap_done();
}
