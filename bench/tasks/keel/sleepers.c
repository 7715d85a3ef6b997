/* 100,000 tasks of ten sleeps each: how late they wake. tools/bench-tasks counts the CPU time. */
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

const struct row sleeper_rows[] = {
    {"sleepers", sleep_all, 0, (uint64_t)sleepers *sleeps_each, true, false},
    {NULL, NULL, 0, 0, false, false},
};
