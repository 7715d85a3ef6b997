/*
 * Blocking calls of all lengths, some short and some lent on, beside all else that tasks do:
 * sleeps, elements of a channel, children that are awaited, forked and joined around a call. The
 * seed sets how many calls there may be at a time. At the end nothing is lent, and no call has got
 * lost.
 */
#include <asm/unistd.h>

#include "abi/time.h"
#include "keel/fork.h"
#include "sched/blocking.h"
#include "tests/stress/stress.h"

enum { tasks_most = 24, calls_most = 24, limit_most = 12 };

static uint64_t calls_done, sent, received; /* atomic */
static keel_chan *chan;

struct caller {
    struct stress_random random;
    uint64_t calls;
};

/* Mostly at once; else a while that ends before, while or after the worker is lent on. */
static void block(struct stress_random *random)
{
    struct abi_timespec time = {0};
    if (stress_below(random, 4) == 0)
        time.nanoseconds = (int64_t)stress_below(random, 3 * stress_millisecond);
    uint64_t id = keel_task_id();
    bool nests = stress_below(random, 4) == 0;
    keel_blocking_begin();
    if (nests)
        keel_blocking_begin();
    if (time.nanoseconds != 0)
        arch_syscall2(__NR_nanosleep, (long)&time, 0);
    if (nests)
        keel_blocking_end();
    keel_blocking_end();
    stress_equal(keel_task_id(), id, "the task's number after a call");
    atomic_fetch_add(&calls_done, 1u, RELAXED); /* RELAXED: read after all others have ended */
}

static void *child(void *arg)
{
    struct stress_random random = stress_sequence((uintptr_t)arg);
    stress_pause(&random);
    return arg;
}

static void fork_around(struct stress_random *random)
{
    keel_fork_frame frame;
    void *number = (void *)(uintptr_t)stress_next(random);
    keel_fork(&frame, child, number);
    block(random);
    stress_equal((uintptr_t)keel_join(&frame), (uintptr_t)number, "a child that was joined");
}

static void exchange(struct stress_random *random)
{
    uint64_t element = stress_next(random);
    if (keel_chan_try_send(chan, &element) == 0)
        atomic_fetch_add(&sent, 1u, RELAXED); /* RELAXED: read after all others have ended */
    stress_pause(random);
    if (keel_chan_try_receive(chan, &element) == 1)
        atomic_fetch_add(&received, 1u, RELAXED); /* RELAXED: as above */
}

static void *call_often(void *arg)
{
    struct caller *caller = arg;
    struct stress_random *random = &caller->random;
    for (uint64_t i = 0; i < caller->calls; i++) {
        stress_pause(random);
        switch (stress_below(random, 6)) {
        case 0:
            fork_around(random);
            break;
        case 1:
            exchange(random);
            block(random);
            break;
        case 2:
            stress_equal((uintptr_t)stress_await(stress_create(child, (void *)i)), i, "a child");
            block(random);
            break;
        default:
            block(random);
            break;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct caller callers[tasks_most];
    static keel_task *tasks[tasks_most];
    uint64_t wanted = 0;
    stress_begin("blocking", argc, argv);
    struct stress_random random = stress_sequence(0);
    sched_option_blocking = 1 + (int64_t)stress_below(&random, limit_most);
    chan = keel_chan_create(4, sizeof(uint64_t));
    uint64_t count = 1 + stress_below(&random, tasks_most);
    for (uint64_t i = 0; i < count; i++) {
        callers[i] = (struct caller){stress_sequence(i + 1), stress_below(&random, calls_most)};
        wanted += callers[i].calls;
        tasks[i] = stress_create(call_often, &callers[i]);
    }
    for (uint64_t i = 0; i < count; i++)
        stress_await(tasks[i]);
    uint64_t element;
    while (keel_chan_try_receive(chan, &element) == 1)
        received++;
    stress_equal(calls_done, wanted, "calls");
    stress_equal(received, sent, "elements received");
    stress_equal(sched_lender.lent + sched.outside + sched_lender.waiting, 0,
                 "calls that are left");
    return stress_done(calls_done, "calls");
}
