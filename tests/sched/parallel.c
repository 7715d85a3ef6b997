/*
 * Tasks that can only finish when they run at the same time: each keeps its worker until all have
 * begun. They do, as long as there are not more of them than workers, however they were started and
 * however sound the workers slept.
 */
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { task_most = 64 };

struct meeting {
    uint32_t begun, wanted;
    unsigned workers[task_most]; /* which one each ran on */
};

struct guest {
    struct meeting *meeting;
    unsigned number;
};

static void *meet(void *arg)
{
    struct guest *guest = arg;
    struct meeting *meeting = guest->meeting;
    meeting->workers[guest->number] = sched_worker()->index;
    arrive(&meeting->begun);
    return (void *)(uintptr_t)spin_until(&meeting->begun, meeting->wanted);
}

/* How many of `count` tasks, started in one go, met. */
static unsigned meet_in_a_burst(struct meeting *meeting, unsigned count)
{
    struct guest guests[task_most];
    keel_task *tasks[task_most];
    *meeting = (struct meeting){.wanted = count};
    for (unsigned i = 0; i < count; i++) {
        guests[i] = (struct guest){meeting, i};
        tasks[i] = keel_task_create(meet, &guests[i], NULL);
    }
    unsigned met = 0;
    for (unsigned i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        met += result != NULL;
    }
    return met;
}

static unsigned different(const unsigned *workers, unsigned count)
{
    unsigned result = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned same = 0;
        for (unsigned j = 0; j < i; j++)
            same += workers[j] == workers[i];
        result += same == 0;
    }
    return result;
}

static void two(void)
{
    struct meeting meeting;
    check_equal(meet_in_a_burst(&meeting, 2), 2, "two tasks run at the same time");
    check_equal(different(meeting.workers, 2), 2, "on two workers");
}

static void main_and_another(void)
{
    struct meeting meeting = {.wanted = 2};
    struct guest guest = {&meeting, 1};
    keel_task *task = keel_task_create(meet, &guest, NULL);
    arrive(&meeting.begun);
    check(spin_until(&meeting.begun, 2), "a task runs while main computes");
    keel_task_await(task, NULL);
}

static void as_many_as_workers(void)
{
    unsigned count = keel_worker_count();
    if (count > task_most)
        count = task_most;
    struct meeting meeting;
    check_equal(meet_in_a_burst(&meeting, count), count,
                "as many tasks as workers run at the same time");
    check_equal(different(meeting.workers, count), count, "each on a worker of its own");
}

static void *compute(void *arg)
{
    int64_t end = keel_now() + MILLISECOND / 5;
    while (keel_now() < end)
        continue;
    return arg;
}

/* Spawns that find every worker busy make no further one. */
static void more_than_workers(void)
{
    keel_task *tasks[4 * task_most];
    for (int i = 0; i < 4 * task_most; i++)
        tasks[i] = keel_task_create(compute, NULL, NULL);
    for (int i = 0; i < 4 * task_most; i++)
        keel_task_await(tasks[i], NULL);
    check(sched.worker_count <= keel_worker_count(), "there are no more workers than allowed");
}

static uint32_t in_pieces_begun;

static void *meet_in_pieces(void *arg)
{
    arrive(&in_pieces_begun);
    return (void *)(uintptr_t)spin_until(&in_pieces_begun, (uint32_t)(uintptr_t)arg);
}

/* Workers that sleep must be woken for it, again and again. */
static void after_sleep(void)
{
    unsigned failed = 0;
    for (int i = 0; i < 300 && failed == 0; i++) {
        in_pieces_begun = 0;
        keel_task *first = keel_task_create(meet_in_pieces, (void *)2, NULL);
        keel_task *second = keel_task_create(meet_in_pieces, (void *)2, NULL);
        void *results[2] = {NULL, NULL};
        keel_task_await(first, &results[0]);
        keel_task_await(second, &results[1]);
        failed += results[0] == NULL || results[1] == NULL;
        if (i % 2 == 0)
            keel_sleep(MILLISECOND / 5);
    }
    check_equal(failed, 0, "workers that sleep are woken for two tasks, 300 times");
}

int main(void)
{
    if (keel_worker_count() < 2) {
        skip("tasks run at the same time", "needs two workers");
        return tap_done();
    }
    two();
    main_and_another();
    as_many_as_workers();
    more_than_workers();
    after_sleep();
    return tap_done();
}
