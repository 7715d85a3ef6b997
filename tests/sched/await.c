/* Create and await: the result arrives, whoever comes first, at any depth. */
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/descriptors.h"
#include "tests/sched/meeting.h"

static void *add_one(void *arg)
{
    return (void *)((uintptr_t)arg + 1);
}

static void *add_one_after_yields(void *arg)
{
    for (int i = 0; i < 5; i++)
        keel_yield();
    return add_one(arg);
}

static void results(void)
{
    void *result = NULL;
    int status = keel_task_await(keel_task_create(add_one, (void *)41, NULL), &result);
    check(status == 0 && result == (void *)42, "await gives the result of the function");

    result = NULL;
    keel_task_await(keel_task_create(add_one_after_yields, (void *)-3, NULL), &result);
    check(result == (void *)-2, "a result is a whole word");

    keel_task *task = keel_task_create(add_one, NULL, NULL);
    check_equal(keel_task_await(task, NULL), 0, "the result may be left behind");

    keel_task_options options = {.flags = 1u << 31};
    check(keel_task_create(add_one, NULL, &options) == NULL, "an unknown flag is refused");
}

static bool has_ended(keel_task *task)
{
    /* ACQUIRE: with the end of the task. */
    return atomic_load(&task->join, ACQUIRE) == SCHED_JOIN_DONE;
}

static void of_a_finished_task(void)
{
    keel_task *task = keel_task_create(add_one, (void *)1, NULL);
    int64_t end = keel_now() + meeting_patience;
    while (!has_ended(task) && keel_now() < end)
        keel_yield();
    check(has_ended(task), "a task ends without being awaited");
    void *result = NULL;
    check_equal(keel_task_await(task, &result), 0, "a finished task can be awaited");
    check(result == (void *)2, "and its result is still there");
}

static uint32_t gate_open;

static void *pass_gate(void *arg)
{
    return yield_until(&gate_open, 1) ? arg : NULL;
}

/* Opens the gate once somebody waits in an await of the task `arg`. */
static void *open_gate_when_awaited(void *arg)
{
    keel_task *task = arg;
    int64_t end = keel_now() + meeting_patience;
    /* RELAXED: only looks. */
    while (atomic_load(&task->join, RELAXED) < SCHED_JOIN_VALUES && keel_now() < end)
        keel_yield();
    arrive(&gate_open);
    return NULL;
}

static void of_an_unfinished_task(void)
{
    keel_task *slow = keel_task_create(pass_gate, (void *)7, NULL);
    keel_task *opener = keel_task_create(open_gate_when_awaited, begun(slow), NULL);
    void *result = NULL;
    keel_task_await(slow, &result);
    check(result == (void *)7, "an await that comes first waits for the end");
    keel_task_await(opener, NULL);
}

/* Depth `arg` awaits depth `arg` - 1. */
static void *nest(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    if (depth == 0)
        return NULL;
    void *below = (void *)-1;
    keel_task_await(keel_task_create(nest, (void *)(depth - 1), NULL), &below);
    return (void *)((uintptr_t)below + 1);
}

static void nested(void)
{
    void *result = NULL;
    keel_task_await(keel_task_create(nest, (void *)1000, NULL), &result);
    check_equal((uintptr_t)result, 1000, "awaits nest 1,000 deep");
}

/* Awaits the task `arg`, which somebody else made. */
static void *await_other(void *arg)
{
    void *result = NULL;
    keel_task_await(arg, &result);
    return add_one(result);
}

static void of_somebody_elses_task(void)
{
    keel_task *task = keel_task_create(add_one_after_yields, NULL, NULL);
    for (int i = 0; i < 9; i++)
        task = keel_task_create(await_other, task, NULL);
    void *result = NULL;
    keel_task_await(task, &result);
    check_equal((uintptr_t)result, 10, "a handle may be awaited by another task than its maker");
}

static void many(void)
{
    enum { rounds = 500, at_once = 100 };
    static keel_task *tasks[at_once];
    size_t wrong = 0;
    for (uintptr_t round = 0; round < rounds; round++) {
        for (uintptr_t i = 0; i < at_once; i++)
            tasks[i] = keel_task_create(i % 8 == 0 ? add_one_after_yields : add_one,
                                        (void *)(round * at_once + i), NULL);
        for (uintptr_t i = at_once; i-- > 0;) {
            void *result = NULL;
            keel_task_await(tasks[i], &result);
            wrong += (uintptr_t)result != round * at_once + i + 1;
        }
    }
    check_equal(wrong, 0, "50,000 tasks, 100 at a time: each result is its own");
    check_equal(descriptors_left(meeting_patience), 1,
                "all their descriptors were given back: main alone is left");
}

int main(void)
{
    results();
    of_a_finished_task();
    of_an_unfinished_task();
    nested();
    of_somebody_elses_task();
    many();
    return tap_done();
}
