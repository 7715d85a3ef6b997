/* Rows of tasks alone: yield, spawn, await, wait, and fib with a task a call. */
#include "bench.h"
#if __has_include("keel/sync.h")
#include "keel/sync.h"
#endif

enum {
    million = 1000 * 1000,
    fib_of = 30,
    fib_value = 832040,
    fib_tasks = 2692537, /* calls of fib(30) */
};

/* ---- two tasks a worker yield to each other; an operation is one yield */

static void *yield_often(void *arg)
{
    for (uint64_t i = *(uint64_t *)arg; i > 0; i--)
        keel_yield();
    return NULL;
}

static void yields(uint64_t count)
{
    keel_task *tasks[16];
    unsigned number = 2 * bench_workers;
    uint64_t each = count / number;
    if (number > sizeof tasks / sizeof tasks[0])
        give_up("too many workers");
    for (unsigned i = 0; i < number; i++)
        tasks[i] = start(yield_often, &each);
    for (unsigned i = 0; i < number; i++)
        keel_task_await(tasks[i], NULL);
}

/* ---- tasks one by one, each started and awaited */

static void *do_nothing(void *arg)
{
    return arg;
}

static void spawn_and_await(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        keel_task_await(start(do_nothing, NULL), NULL);
}

/* ---- a million tasks, then each awaited, in the order in which they were made */

static void spawn_and_await_all(uint64_t count)
{
    static keel_task *tasks[million];
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
        tasks[i] = start(do_nothing, (void *)(uintptr_t)i);
    for (uint64_t i = 0; i < count; i++)
        sum += (uintptr_t)result_of(tasks[i]);
    if (sum != count * (count - 1) / 2)
        give_up("a result was lost");
}

/* ---- a million tasks that nobody awaits, and a wait group until all have run */

#if __has_include("keel/sync.h")
static keel_wait_group crowd;

static void leave_crowd(void *arg)
{
    (void)arg;
    keel_wait_group_done(&crowd);
}

static void spawn_all(uint64_t count)
{
    keel_wait_group_add(&crowd, (int)count);
    for (uint64_t i = 0; i < count; i++) {
        if (keel_spawn(leave_crowd, NULL) != 0)
            give_up("no memory for a task");
    }
    keel_wait_group_wait(&crowd);
}
#endif

/* ---- fib(30), every call a task that awaits its two children; an operation is one task */

static void *fib(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_task *first = start(fib, (void *)(n - 1));
    keel_task *second = start(fib, (void *)(n - 2));
    uintptr_t sum = (uintptr_t)result_of(first);
    return (void *)(sum + (uintptr_t)result_of(second));
}

static void fib_by_tasks(uint64_t count)
{
    (void)count;
    void *value = result_of(start(fib, (void *)(uintptr_t)fib_of));
    if ((uintptr_t)value != fib_value)
        give_up("fib(30) is another number");
}

const struct row task_rows[] = {
    {"switch", yields, 4096, 0, false, true},
    {"spawn-await", spawn_and_await, 1000, 0, false, false},
#if __has_include("keel/sync.h")
    {"spawn-million", spawn_all, 0, million, false, false},
#endif
    {"await-million", spawn_and_await_all, 0, million, false, false},
    {"fib", fib_by_tasks, 0, fib_tasks, false, false},
    {NULL, NULL, 0, 0, false, false},
};
