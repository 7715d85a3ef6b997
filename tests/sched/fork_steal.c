/* Children that idle workers take, and loops over them. */
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

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

static void *nothing(void *arg)
{
    return arg;
}

/* Forks on while it waits, as who computes by forking does: each fork shows others what there is.
 */
static bool fork_until(const uint32_t *count)
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, 1)) {
        keel_fork_frame frame;
        keel_fork(&frame, nothing, NULL);
        keel_join(&frame);
        if (keel_now() > end)
            return false;
        arch_syscall0(__NR_sched_yield);
    }
    return true;
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
            keel_fork(&older[n], nothing, (void *)n);
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

/* ---- loops */

enum { numbers = 10007 };

struct loop {
    uint32_t visits[numbers];
    int64_t begin;
    uint64_t grain;
    uint32_t too_long;
};

static void visit(int64_t begin, int64_t end, void *data)
{
    struct loop *loop = data;
    if ((uint64_t)end - (uint64_t)begin > loop->grain || end <= begin)
        arrive(&loop->too_long);
    for (int64_t i = begin; i < end; i++)
        arrive(&loop->visits[i - loop->begin]);
}

/* Whether each number was visited once, by parts of at most the grain. */
static bool covers(int64_t begin, int64_t count, int64_t grain)
{
    static struct loop loop;
    loop = (struct loop){.begin = begin, .grain = grain < 1 ? 1 : (uint64_t)grain};
    keel_parallel_for(begin, begin + count, grain, visit, &loop);
    bool right = loop.too_long == 0;
    for (int64_t i = 0; i < numbers; i++)
        right &= loop.visits[i] == (i < count);
    return right;
}

static void loops(void)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 63, 64, 65, 1000, numbers};
    static const int64_t grains[] = {INT64_MIN, -1, 0, 1, 2, 7, 64, numbers, INT64_MAX};
    unsigned wrong = 0;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned j = 0; j < sizeof grains / sizeof grains[0]; j++) {
            wrong += !covers(0, sizes[i], grains[j]);
            wrong += !covers(-5003, sizes[i], grains[j]);
            wrong += !covers(INT64_MAX - sizes[i], sizes[i], grains[j]);
            wrong += !covers(INT64_MIN, sizes[i], grains[j]);
        }
    }
    check_equal(wrong, 0, "a loop visits each number once, in parts no larger than asked for");
    check(covers(0, -3, 1) && covers(7, -numbers, 0), "an empty range is nothing");
}

struct whole {
    uint64_t size; /* atomic */
    uint32_t parts;
};

static void add_size(int64_t begin, int64_t end, void *data)
{
    struct whole *whole = data;
    /* RELAXED: read after the loop. */
    atomic_fetch_add(&whole->size, (uint64_t)end - (uint64_t)begin, RELAXED);
    arrive(&whole->parts);
}

static void largest_loop(void)
{
    struct whole whole = {0};
    keel_parallel_for(INT64_MIN, INT64_MAX, INT64_MAX / 100, add_size, &whole);
    check(whole.size == UINT64_MAX && whole.parts == 256, "all numbers that there are");
    whole = (struct whole){0};
    keel_parallel_for(INT64_MIN, INT64_MAX, INT64_MAX, add_size, &whole);
    check(whole.size == UINT64_MAX && whole.parts == 3, "in three parts");
}

/* A loop in each part of a loop, whose parts wait. */
static void wait_a_little(int64_t begin, int64_t end, void *data)
{
    if (begin % 5 == 0)
        keel_yield();
    add_size(begin, end, data);
}

static void loop_again(int64_t begin, int64_t end, void *data)
{
    (void)begin;
    (void)end;
    keel_parallel_for(0, 50, 2, wait_a_little, data);
}

static void nested_loops(void)
{
    struct whole whole = {0};
    keel_parallel_for(0, 100, 1, loop_again, &whole);
    check_equal(whole.size, 100 * 50, "loops in loops");
}

int main(void)
{
    loops();
    largest_loop();
    nested_loops();
    if (keel_worker_count() < 2) {
        skip("children are taken", "needs two workers");
        return tap_done();
    }
    children_elsewhere();
    joiner_parks();
    return tap_done();
}
