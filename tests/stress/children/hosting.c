/*
 * Children that run on the stack of who awaits them: awaited in any order, at any depth, by their
 * creator or by another task, or detached; some wait while they are hosted, some have children of
 * their own. Each runs once and is itself; each await returns what its own child computed; at the
 * end every descriptor has come back, whoever found its entry in a deque.
 */
#include "sched/sched.h"
#include "tests/sched/descriptors.h"
#include "tests/stress/stress.h"

enum {
    tasks_most = 60000,
    roots = 4,
    rounds = 40,
    batch_most = 24,
    depth_most = 4,
    chain_most = 120,
    frame_most = 3000,
    seconds_most = 8,
};

static uint8_t has_run[tasks_most]; /* atomic */
static uint32_t made;               /* atomic: numbers given out */
static uint32_t ended;              /* atomic */

struct job {
    struct stress_random random;
    uint64_t number;
    uint64_t left; /* how deep its own children may go */
};

static uint64_t answer_to(uint64_t number)
{
    return number * 0x9e3779b97f4a7c15u ^ 0xaaaa;
}

/* ---- one child */

static void *work(void *arg);

/* NULL: enough tasks were made. */
static keel_task *start_job(struct stress_random *random, uint64_t left, uint64_t *number)
{
    *number = atomic_fetch_add(&made, 1, RELAXED); /* RELAXED: unique */
    struct job *job = *number < tasks_most ? keel_alloc(sizeof *job) : NULL;
    if (job == NULL)
        return NULL;
    *job = (struct job){{stress_next(random)}, *number, left};
    return stress_create(work, job);
}

static void check_answer(keel_task *task, uint64_t number)
{
    uint64_t id = keel_task_id();
    keel_task *self = keel_task_self();
    stress_equal((uintptr_t)stress_await(task), answer_to(number), "a task's result");
    stress_equal(keel_task_id(), id, "the awaiter's number after the await");
    if (keel_task_self() != self)
        stress_fail("the awaiter is another after the await", 0, 1);
}

/* Another task awaits it, perhaps on another worker, where its entry is not. */
struct errand {
    keel_task *task;
    uint64_t number;
};

static void *run_errand(void *arg)
{
    struct errand *errand = arg;
    check_answer(errand->task, errand->number);
    return NULL;
}

static void consume(struct stress_random *random, keel_task *task, uint64_t number)
{
    struct errand errand = {task, number};
    switch (stress_below(random, 12)) {
    case 0:
        keel_task_detach(task);
        break;
    case 1:
        stress_await(stress_create(run_errand, &errand));
        break;
    case 2:
        stress_pause(random);
        check_answer(task, number);
        break;
    default:
        check_answer(task, number);
    }
}

/* ---- many */

static void swap(struct errand *one, struct errand *other)
{
    struct errand kept = *one;
    *one = *other;
    *other = kept;
}

/* In the order of creation, in the opposite one, or in any. */
static void put_in_order(struct stress_random *random, struct errand *errands, uint64_t count)
{
    uint64_t order = stress_below(random, 4);
    for (uint64_t i = count; i > 1 && order >= 2; i--)
        swap(&errands[i - 1], &errands[stress_below(random, i)]);
    for (uint64_t i = 0; i < count / 2 && order == 1; i++)
        swap(&errands[i], &errands[count - 1 - i]);
}

static void batch(struct stress_random *random, uint64_t left)
{
    struct errand errands[batch_most];
    uint64_t wanted = 1 + stress_below(random, left > 1 ? 5 : batch_most), count = 0;
    for (; count < wanted; count++) {
        errands[count].task = start_job(random, left, &errands[count].number);
        if (errands[count].task == NULL)
            break;
    }
    put_in_order(random, errands, count);
    for (uint64_t i = 0; i < count; i++)
        consume(random, errands[i].task, errands[i].number);
}

/* Awaits within each other, with frames of any size: past the room that a stack has for them. */
static void *chain(void *arg)
{
    struct job *job = arg;
    unsigned char *frame = __builtin_alloca(16 + stress_below(&job->random, frame_most));
    unsigned char mark = (unsigned char)job->left;
    atomic_store(frame, mark, RELAXED); /* RELAXED: our own, and not to be left out */
    if (job->left > 0) {
        job->left--;
        stress_await(stress_create(chain, job));
    } else {
        stress_pause(&job->random);
    }
    stress_equal(atomic_load(frame, RELAXED), mark,
                 "what lies in an awaiter's frame"); /* as above */
    return NULL;
}

static void *work(void *arg)
{
    struct job job = *(struct job *)arg;
    keel_free(arg);
    /* RELAXED: each by itself. */
    if (atomic_exchange(&has_run[job.number], 1, RELAXED) != 0)
        stress_fail("a task that ran twice", (int64_t)job.number, 0);
    uint64_t id = keel_task_id();
    stress_pause(&job.random);
    if (job.left > 0 && stress_below(&job.random, 3) == 0)
        batch(&job.random, job.left - 1);
    stress_equal(keel_task_id(), id, "the task's number");
    atomic_fetch_add(&ended, 1, RELAXED); /* RELAXED: read after all others have ended */
    return (void *)answer_to(job.number);
}

static void *play(void *arg)
{
    struct stress_random *random = arg;
    for (unsigned i = 0; i < rounds; i++) {
        struct job deep = {{stress_next(random)}, 0, stress_below(random, chain_most)};
        batch(random, depth_most);
        if (stress_below(random, 4) == 0)
            chain(&deep);
    }
    return NULL;
}

/* ---- the end */

/* How many have a number, of those that were made. */
static uint64_t tasks_made(void)
{
    uint64_t count = atomic_load(&made, RELAXED); /* RELAXED: a count by itself */
    return count < tasks_most ? count : tasks_most;
}

/* Detached tasks still run; entries that were left behind go when workers come upon them. */
static void wait_for_all(void)
{
    int64_t end = keel_now() + (int64_t)seconds_most * 1000 * stress_millisecond;
    /* RELAXED: a count by itself; when all have ended, nobody makes more. */
    while (atomic_load(&ended, RELAXED) != tasks_made() && keel_now() < end)
        keel_sleep(stress_millisecond / 10);
    stress_equal(ended, tasks_made(), "tasks that ended");
    stress_equal(descriptors_left(end - keel_now()), 1, "descriptors in use at the end");
}

int main(int argc, char **argv)
{
    static struct stress_random sequences[roots];
    keel_task *tasks[roots];
    stress_begin("hosting", argc, argv);
    for (unsigned i = 0; i < roots; i++) {
        sequences[i] = stress_sequence(i);
        tasks[i] = stress_create(play, &sequences[i]);
    }
    for (unsigned i = 0; i < roots; i++)
        stress_await(tasks[i]);
    wait_for_all();
    return stress_done(tasks_made(), "tasks");
}
