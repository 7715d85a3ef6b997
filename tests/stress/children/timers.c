/*
 * Sleepers: many of them, with random and with equal deadlines, while the workers idle, compute, or
 * do both by turns. Nobody wakes early. A timer that is lost is a hang: after the last one nothing
 * else happens that could find it.
 */
#include "tests/stress/stress.h"

enum { sleepers = 160, naps_most = 4, computers = 3, watches = 6 };
enum { spread = 6 * stress_millisecond, beats = 8 };

static int64_t start_time;
static uint64_t naps_done; /* atomic */

struct sleeper {
    struct stress_random random;
    uint64_t naps;
};

/* A deadline of its own, or one of few that many share; sometimes one that has passed. */
static int64_t random_deadline(struct stress_random *random)
{
    if (stress_below(random, 2) == 0)
        return keel_now() + (int64_t)stress_below(random, spread);
    return start_time + (int64_t)stress_below(random, 2 * beats) * (spread / beats);
}

static void nap(struct stress_random *random)
{
    if (stress_below(random, 3) == 0) {
        int64_t length = (int64_t)stress_below(random, spread / 4);
        int64_t before = keel_now();
        stress_equal((uint64_t)keel_sleep(length), 0, "sleep's status");
        if (keel_now() - before < length)
            stress_fail("a sleep that ended early", keel_now() - before, length);
    } else {
        int64_t deadline = random_deadline(random);
        stress_equal((uint64_t)keel_sleep_until(deadline), 0, "sleep_until's status");
        if (keel_now() < deadline)
            stress_fail("a sleeper that woke early", keel_now(), deadline);
    }
    atomic_fetch_add(&naps_done, 1u, RELAXED); /* RELAXED: a count */
}

static void *sleep_some(void *arg)
{
    struct sleeper *sleeper = arg;
    for (uint64_t i = 0; i < sleeper->naps; i++)
        nap(&sleeper->random);
    return NULL;
}

static void *sleep_forever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    stress_fail("the end of a sleep for ever", 1, 0);
    return arg;
}

/* Holds a worker for up to some milliseconds, now and then letting others run. */
static void *compute(void *arg)
{
    struct stress_random *random = arg;
    for (uint64_t turns = stress_below(random, 12); turns > 0; turns--) {
        int64_t until = keel_now() + (int64_t)stress_below(random, stress_millisecond / 2);
        while (keel_now() < until)
            arch_pause();
        stress_pause(random);
    }
    return NULL;
}

static void *raise_flag_later(void *arg)
{
    uint32_t *flag = arg;
    struct stress_random random = {(uintptr_t)keel_now()};
    keel_sleep((int64_t)stress_below(&random, 300 * stress_microsecond));
    atomic_store(flag, 1u, RELEASE); /* RELEASE: with the ACQUIRE in watch */
    return NULL;
}

/*
 * A sleeper must be woken although the worker of its creator is held by somebody who waits for just
 * that: there is a second worker, and it must cover the timer. (On one worker the holder yields.)
 */
static void watch(bool can_spin)
{
    uint32_t flag = 0;
    keel_task *task = stress_create(raise_flag_later, &flag);
    while (atomic_load(&flag, ACQUIRE) == 0) { /* ACQUIRE: with the RELEASE in raise_flag_later */
        if (can_spin)
            arch_pause();
        else
            keel_yield();
    }
    stress_await(task);
}

int main(int argc, char **argv)
{
    static struct sleeper all[sleepers];
    static struct stress_random computing[computers];
    keel_task *tasks[sleepers], *computer_tasks[computers];
    uint64_t wanted = 0;
    stress_begin("timers", argc, argv);
    struct stress_random random = stress_sequence(0);
    start_time = keel_now();
    keel_task_detach(stress_create(sleep_forever, NULL));
    uint64_t count = 1 + stress_below(&random, sleepers);
    uint64_t busy = stress_below(&random, computers + 1);
    for (uint64_t i = 0; i < count; i++) {
        all[i] = (struct sleeper){stress_sequence(i + 1), 1 + stress_below(&random, naps_most)};
        wanted += all[i].naps;
        tasks[i] = stress_create(sleep_some, &all[i]);
    }
    for (uint64_t i = 0; i < busy; i++) {
        computing[i] = stress_sequence(sleepers + 1 + i);
        computer_tasks[i] = stress_create(compute, &computing[i]);
    }
    uint64_t looks = stress_below(&random, watches);
    for (uint64_t i = 0; i < looks; i++)
        watch(keel_worker_count() > 1);
    for (uint64_t i = 0; i < count; i++)
        stress_await(tasks[i]);
    for (uint64_t i = 0; i < busy; i++)
        stress_await(computer_tasks[i]);
    /* Nothing else is left: the timer alone must end the sleep. */
    nap(&random);
    stress_equal(naps_done, wanted + 1, "sleeps that ended");
    return stress_done(naps_done, "sleeps");
}
