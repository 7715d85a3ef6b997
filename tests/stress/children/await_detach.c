/*
 * The end of a task against who awaits or detaches it, in every order: before it runs, while it
 * runs, just as it ends, after it, by its creator or by another task. Each task computes something
 * of its own number, so a descriptor that is used twice shows as a wrong result; each ends once.
 */
#include "tests/stress/stress.h"

enum { creators = 4, rounds = 300, batch_most = 12 };

static uint64_t ended; /* atomic */

struct job {
    struct stress_random random;
    uint64_t number;
};

static uint64_t answer_to(uint64_t number)
{
    return number * 0x9e3779b97f4a7c15u ^ 0x5555;
}

static void *work(void *arg)
{
    struct job job = *(struct job *)arg;
    keel_free(arg);
    uint64_t id = keel_task_id();
    stress_pause(&job.random);
    stress_equal(keel_task_id(), id, "the task's number after a pause");
    atomic_fetch_add(&ended, 1u, RELAXED); /* RELAXED: read after all others have ended */
    return (void *)answer_to(job.number);
}

static keel_task *start_job(struct stress_random *random, uint64_t number)
{
    struct job *job = keel_alloc(sizeof *job);
    if (job == NULL)
        stress_fail("no memory for a job", 0, 1);
    *job = (struct job){{stress_next(random)}, number};
    return stress_create(work, job);
}

static void await_job(keel_task *task, uint64_t number)
{
    stress_equal((uintptr_t)stress_await(task), answer_to(number), "a task's result");
}

/* Another task consumes the handle. */
struct errand {
    struct stress_random random;
    keel_task *task;
    uint64_t number;
};

static void *run_errand(void *arg)
{
    struct errand *errand = arg;
    stress_pause(&errand->random);
    if (stress_below(&errand->random, 2) == 0)
        await_job(errand->task, errand->number);
    else
        keel_task_detach(errand->task);
    return NULL;
}

static void consume(struct stress_random *random, keel_task *task, uint64_t number)
{
    stress_pause(random);
    switch (stress_below(random, 5)) {
    case 0:
    case 1:
        await_job(task, number);
        break;
    case 2:
    case 3:
        keel_task_detach(task);
        break;
    default: {
        struct errand errand = {{stress_next(random)}, task, number};
        stress_await(stress_create(run_errand, &errand));
        break;
    }
    }
}

struct creator {
    struct stress_random random;
    uint64_t index;
    uint64_t created;
};

/* One at a time, or a batch whose handles are consumed from a random one on. */
static void *create(void *arg)
{
    struct creator *creator = arg;
    keel_task *tasks[batch_most];
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t count = 1 + stress_below(&creator->random, batch_most);
        uint64_t base = creator->index << 32 | creator->created;
        for (uint64_t j = 0; j < count; j++)
            tasks[j] = start_job(&creator->random, base + j);
        uint64_t first = stress_below(&creator->random, count);
        for (uint64_t j = 0; j < count; j++) {
            uint64_t which = (first + j) % count;
            consume(&creator->random, tasks[which], base + which);
        }
        creator->created += count;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct creator all[creators];
    keel_task *tasks[creators];
    uint64_t created = 0;
    stress_begin("await_detach", argc, argv);
    for (unsigned i = 0; i < creators; i++) {
        all[i] = (struct creator){stress_sequence(i), i, 0};
        tasks[i] = stress_create(create, &all[i]);
    }
    for (unsigned i = 0; i < creators; i++) {
        stress_await(tasks[i]);
        created += all[i].created;
    }
    /* The detached ones may still run. RELAXED: a count by itself. */
    while (atomic_load(&ended, RELAXED) < created)
        keel_yield();
    stress_equal(ended, created, "tasks that ended");
    return stress_done(created, "tasks");
}
