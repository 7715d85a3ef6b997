/* Spawn: every task runs exactly once, however many there are and whoever spawns them. */
#include "keel/task.h"

#include "tests/sched/meeting.h"

enum { task_count = 100000 };

static uint8_t runs[task_count]; /* each is one task's own */
static uint32_t ended;

static void run(void *arg)
{
    runs[(uintptr_t)arg]++;
    arrive(&ended);
}

static size_t count_wrong(void)
{
    size_t wrong = 0;
    for (size_t i = 0; i < task_count; i++) {
        wrong += runs[i] != 1;
        runs[i] = 0;
    }
    return wrong;
}

static void from_main(void)
{
    size_t refused = 0;
    for (uintptr_t i = 0; i < task_count; i++)
        refused += keel_spawn(run, (void *)i) != 0;
    check_equal(refused, 0, "100,000 tasks are spawned by main");
    check(yield_until(&ended, task_count), "all of them end");
    check_equal(count_wrong(), 0, "each ran once, with its own argument");
    check_equal(ended, task_count, "and none twice");
}

/* Spawns the tasks 2n + 1 and 2n + 2: a binary tree. */
static void run_tree(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    for (uintptr_t child = 2 * number + 1; child <= 2 * number + 2; child++) {
        if (child < task_count)
            keel_spawn(run_tree, (void *)child);
    }
    run(arg);
}

static void from_tasks(void)
{
    ended = 0;
    keel_spawn(run_tree, (void *)0);
    check(yield_until(&ended, task_count), "a tree of 100,000 tasks that spawn each other ends");
    check_equal(count_wrong(), 0, "each of its tasks ran once");
}

/* A chain: each task spawns the next as its last act. */
static void run_chain(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    run(arg);
    if (number + 1 < task_count)
        keel_spawn(run_chain, (void *)(number + 1));
}

static void in_a_chain(void)
{
    ended = 0;
    keel_spawn(run_chain, (void *)0);
    check(yield_until(&ended, task_count), "a chain of 100,000 tasks ends");
    check_equal(count_wrong(), 0, "each of its tasks ran once");
}

int main(void)
{
    from_main();
    from_tasks();
    in_a_chain();
    return tap_done();
}
