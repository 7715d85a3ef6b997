/*
 * Parallel loops: which parts they call, that parts may wait for each other, and that who has
 * nothing to do gets some.
 */
#include "base/thread_block.h"

#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { numbers = 10007 };

struct loop {
    uint32_t visits[numbers];
    int64_t begin;
    uint64_t grain;
    int64_t end;
    uint32_t wrong_size;
};

static void visit(int64_t begin, int64_t end, void *data)
{
    struct loop *loop = data;
    uint64_t size = (uint64_t)end - (uint64_t)begin;
    if (size == 0 || size > loop->grain || (size != loop->grain && end != loop->end))
        arrive(&loop->wrong_size);
    for (int64_t i = begin; i < end; i++)
        arrive(&loop->visits[i - loop->begin]);
}

/* Whether each number was visited once, by parts of the grain, the last one shorter. */
static bool covers(int64_t begin, int64_t count, int64_t grain)
{
    static struct loop loop;
    loop = (struct loop){
        .begin = begin, .end = begin + count, .grain = grain < 1 ? 1 : (uint64_t)grain};
    keel_parallel_for(begin, begin + count, grain, visit, &loop);
    bool right = loop.wrong_size == 0;
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
    check_equal(wrong, 0, "a loop visits each number once, in parts as large as asked for");
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
    check(whole.size == UINT64_MAX && whole.parts == 201, "all numbers that there are");
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

/* ---- parts that wait for all others */

enum { crowd = 100 };

static void meet_all(int64_t begin, int64_t end, void *data)
{
    struct whole *whole = data;
    add_size(begin, end, data);
    if (!yield_until(&whole->parts, crowd))
        arrive(&whole->parts); /* too many */
}

static void parts_that_meet(void)
{
    struct whole whole = {0};
    keel_parallel_for(0, crowd, 1, meet_all, &whole);
    check_equal(whole.parts, crowd, "a part that parks holds up no other");
}

/* ---- who comes while a loop runs */

enum { worker_most = 64, parts = 12 };

struct company {
    unsigned here;      /* the worker that runs the loop */
    uint32_t occupied;  /* other workers that have something to do */
    uint32_t released;  /* they have not any more */
    uint32_t elsewhere; /* parts that they ran */
    uint32_t late;
};

static void *occupy(void *arg)
{
    struct company *company = arg;
    arrive(&company->occupied);
    return (void *)(uintptr_t)spin_until(&company->released, 1);
}

static bool spin_until_asked(void)
{
    int64_t end = keel_now() + meeting_patience;
    /* RELAXED: only whether somebody has asked. */
    while (atomic_load(&thread_block()->fork_limit, RELAXED) != NULL) {
        if (keel_now() > end)
            return false;
    }
    return true;
}

/* The third part sees the others become idle; all behind it wait until they have run one. */
static void wait_for_company(int64_t part, int64_t end, void *data)
{
    struct company *company = data;
    bool in_time = true;
    (void)end;
    if (sched_worker()->index != company->here) {
        arrive(&company->elsewhere);
    } else if (part == 2) {
        arrive(&company->released);
        in_time = spin_until_asked();
    } else if (part > 2 && !have_arrived(&company->late, 1)) {
        in_time = spin_until(&company->elsewhere, 1);
    }
    if (!in_time)
        arrive(&company->late);
}

static void *nothing(void *arg)
{
    return arg;
}

/* Takes what was asked until now. */
static void fork_once(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, nothing, NULL);
    keel_join(&frame);
}

static void company_comes(void)
{
    struct company company = {.here = sched_worker()->index};
    keel_task *tasks[worker_most];
    unsigned count = keel_worker_count();
    for (unsigned i = 1; i < count; i++) {
        tasks[i] = keel_task_create(occupy, &company, NULL);
        spin_until(&company.occupied, i);
    }
    fork_once();
    keel_parallel_for(0, parts, 1, wait_for_company, &company);
    for (unsigned i = 1; i < count; i++)
        keel_task_await(tasks[i], NULL);
    check(company.elsewhere > 0 && company.late == 0,
          "who becomes idle gets some of a loop that runs");
}

int main(void)
{
    loops();
    largest_loop();
    nested_loops();
    parts_that_meet();
    unsigned count = keel_worker_count();
    if (count < 2 || count > worker_most)
        skip("who becomes idle gets some of a loop that runs",
             "needs two workers, or less than 65");
    else
        company_comes();
    return tap_done();
}
