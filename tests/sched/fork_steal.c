/* Children that idle workers take. */
#include "sched/sched.h"
#include "tests/sched/forking.h"

static uint64_t steals(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sched.worker_count; i++)
        sum += sched.workers[i]->counts.steals;
    return sum;
}

/* ---- a child runs while its parent computes */

struct child {
    uint64_t id;
    keel_task *self;
    unsigned worker;
    volatile double three, third;
    uint32_t ran;
};

static void *run_elsewhere(void *arg)
{
    struct child *child = arg;
    child->id = keel_task_id();
    child->self = keel_task_self();
    child->worker = sched_worker()->index;
    /* A fault, where a worker that the first fork made has not the program's rules for numbers. */
    child->third = 1.0 / child->three;
    arrive(&child->ran);
    return &child->id;
}

enum { rounds = 300 };

static void children_elsewhere(void)
{
    uint64_t before = steals();
    unsigned wrong = 0, failed = 0;
    for (int i = 0; i < rounds && failed == 0; i++) {
        struct child child = {.three = 3};
        unsigned here = sched_worker()->index;
        keel_fork_frame frame;
        keel_fork(&frame, run_elsewhere, &child);
        failed += !fork_until(&child.ran);
        wrong += child.id == keel_task_id() || child.self == keel_task_self();
        wrong += child.worker == here;
        wrong += keel_join(&frame) != &child.id;
        if (i % 16 == 0)
            keel_sleep(MILLISECOND / 5); /* the others fall asleep */
    }
    check_equal(failed, 0, "a child is taken from a parent that computes");
    check_equal(wrong, 0, "it is a task of its own, elsewhere, and the join has its result");
    check(steals() - before >= rounds, "and counted");
}

/* The parent joins while the child still runs: it parks, and others run here. */
static void *outlast(void *arg)
{
    struct child *child = arg;
    arrive(&child->ran);
    keel_sleep(MILLISECOND);
    return child;
}

static void joiner_parks(void)
{
    unsigned failed = 0;
    for (int i = 0; i < 50 && failed == 0; i++) {
        struct child child = {.ran = 0};
        struct child meanwhile = {.three = 3};
        keel_fork_frame older[3], frame;
        for (uintptr_t n = 0; n < 3; n++)
            keel_fork(&older[n], return_arg, (void *)n);
        keel_fork(&frame, outlast, &child);
        failed += !fork_until(&child.ran);
        keel_task *other = keel_task_create(run_elsewhere, &meanwhile, NULL);
        failed += keel_join(&frame) != &child;
        for (uintptr_t n = 3; n-- > 0;)
            failed += keel_join(&older[n]) != (void *)n;
        keel_task_await(other, NULL);
    }
    check_equal(failed, 0, "a join waits for a child that was taken");
}

static uint64_t parent;
static uint32_t own_identities;

static void *count_own_identity(void *arg)
{
    if (keel_task_id() != parent)
        arrive(&own_identities);
    return arg;
}

/* What only looked like a child that could be taken was never spawned. */
static void counts(void)
{
    keel_sched_stats counted = {.size = sizeof counted};
    keel_worker_stats before;
    keel_sched_stats_read(&counted);
    before = counted.total;
    parent = keel_task_id();
    int64_t end = keel_now() + 300 * MILLISECOND;
    while (keel_now() < end) {
        for (unsigned i = 0; i < 100; i++) {
            keel_fork_frame frame;
            keel_fork(&frame, count_own_identity, NULL);
            keel_join(&frame);
        }
    }
    keel_sched_stats_read(&counted);
    check_equal(counted.total.spawned - before.spawned, own_identities,
                "each child that was taken is counted as spawned, and no other");
    check_equal(counted.total.ended - before.ended, own_identities, "and as ended");
}

int main(void)
{
    if (keel_worker_count() < 2) {
        skip("children are taken", "needs two workers");
        return tap_done();
    }
    children_elsewhere();
    counts();
    joiner_parks();
    return tap_done();
}
