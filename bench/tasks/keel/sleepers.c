/*
 * 100,000 tasks of ten sleeps each: how late they wake; tools/bench-tasks counts the CPU time. And
 * one task that sleeps while on each worker a loop computes that asks keel_should_yield: how late
 * it wakes.
 */
#include "bench.h"
#include "bench/tasks/work.h"

struct sleeper {
    int64_t late, latest; /* ns, all its sleeps together and the worst */
};

static struct sleeper crowd[sleepers];

static void *nap(void *arg)
{
    struct sleeper *sleeper = arg;
    for (uint64_t i = 0; i < sleeps_each; i++) {
        int64_t length = work_nap((uint64_t)(sleeper - crowd), i) * 1000 * 1000;
        int64_t due = keel_now() + length;
        keel_sleep(length);
        int64_t late = keel_now() - due;
        if (late < 0)
            give_up("a task woke too early");
        sleeper->late += late;
        if (late > sleeper->latest)
            sleeper->latest = late;
    }
    return sleeper;
}

static void sleep_all(uint64_t count)
{
    static keel_task *tasks[sleepers];
    int64_t late = 0, latest = 0;
    for (int i = 0; i < sleepers; i++)
        tasks[i] = start(nap, &crowd[i]);
    for (int i = 0; i < sleepers; i++) {
        struct sleeper *sleeper = result_of(tasks[i]);
        late += sleeper->late;
        if (sleeper->latest > latest)
            latest = sleeper->latest;
    }
    print_figure("late", (uint64_t)late * 1000 / count);
    print_figure("latest", (uint64_t)latest * 1000);
}

/* ---- beside loops that ask */

enum { tries = 200 };

static volatile bool enough; /* read by the loops, which need not see it at once */
static volatile bool computes[2];

static void *compute_and_ask(void *computes_now)
{
    *(volatile bool *)computes_now = true;
    while (!enough) {
        if (keel_should_yield())
            keel_yield();
    }
    return computes_now;
}

static keel_task *start_loop(volatile bool *computes_now)
{
    keel_task *loop = start(compute_and_ask, (void *)(uintptr_t)computes_now);
    while (!*computes_now)
        keel_sleep(1000 * 1000);
    return loop;
}

/* In order, as the numbers come. */
static void put(int64_t *sorted, int count, int64_t number)
{
    for (; count > 0 && sorted[count - 1] > number; count--)
        sorted[count] = sorted[count - 1];
    sorted[count] = number;
}

/* The lengths are no multiple of anything that happens regularly. */
static void sleep_beside(uint64_t count)
{
    static int64_t late[tries];
    keel_task *loops[2];
    for (unsigned i = 0; i < bench_workers; i++)
        loops[i] = start_loop(&computes[i]);
    for (uint64_t i = 0; i < count; i++) {
        int64_t due = keel_now() + (int64_t)(3000 * 1000 + work_mix(i + 1) % (10 * 1000 * 1000));
        keel_sleep_until(due);
        put(late, (int)i, keel_now() - due);
    }
    enough = true;
    for (unsigned i = 0; i < bench_workers; i++)
        result_of(loops[i]);
    print_figure("least", (uint64_t)late[0] * 1000);
    print_figure("middle", (uint64_t)late[count / 2] * 1000);
    print_figure("worst", (uint64_t)late[count - 1] * 1000);
}

const struct row sleeper_rows[] = {
    {"sleepers", sleep_all, 0, (uint64_t)sleepers *sleeps_each, true, false},
    {"told", sleep_beside, 0, tries, true, false},
    {NULL, NULL, 0, 0, false, false},
};
