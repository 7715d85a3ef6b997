/*
 * Blocking calls: while tasks block in the kernel, the others go on; on any number of workers.
 */
#include "keel/chan.h"
#include "keel/fork.h"
#include "tests/arch/float_controls.h"

#include "base/panic.h"
#include "sched/blocking.h"
#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { calls_most = 64, rounds = 50 };

struct pipe {
    int32_t ends[2];
};

static struct pipe pipes[calls_most];
static uint32_t begun, ended, turns; /* atomic */

static void open_pipes(void)
{
    for (unsigned i = 0; i < calls_most; i++) {
        long result = arch_syscall2(__NR_pipe2, (long)pipes[i].ends, 0);
        keel_assert(result == 0);
    }
}

static void feed(const struct pipe *pipe)
{
    arch_syscall3(__NR_write, pipe->ends[1], (long)"x", 1);
}

/* Returns what the kernel did. */
static long blocking_read(const struct pipe *pipe)
{
    char byte;
    keel_blocking_begin();
    arrive(&begun);
    long result = arch_syscall3(__NR_read, pipe->ends[0], (long)&byte, 1);
    keel_blocking_end();
    return result;
}

static void *read_one(void *pipe)
{
    uint64_t id = keel_task_id();
    long result = blocking_read(pipe);
    keel_assert(keel_task_id() == id);
    arrive(&ended);
    return (void *)result;
}

static void restart(void)
{
    begun = ended = turns = 0;
}

static void take_turns(void *count)
{
    for (intptr_t i = 0; i < (intptr_t)count; i++) {
        keel_yield();
        arrive(&turns);
    }
}

static void sleep_a_while(void *arg)
{
    (void)arg;
    keel_sleep(3 * MILLISECOND);
    arrive(&turns);
}

/* ---- one call */

static void test_others_go_on(void)
{
    restart();
    keel_task *reader = keel_task_create(read_one, &pipes[0], NULL);
    keel_spawn(take_turns, (void *)rounds);
    check(yield_until(&begun, 1), "a task blocks");
    check(yield_until(&turns, rounds), "another goes on meanwhile, and so does main");
    keel_spawn(sleep_a_while, NULL);
    check(yield_until(&turns, rounds + 1), "and sleepers wake");
    check_equal(ended, 0, "it blocks still");
    feed(&pipes[0]);
    void *result = NULL;
    keel_task_await(reader, &result);
    check_equal((intptr_t)result, 1, "and goes on when its call is over");
}

/* A sleeper is the only other task, and in the wheel of the worker that is lent on. */
static void *feed_later(void *pipe)
{
    keel_sleep(5 * MILLISECOND);
    feed(pipe);
    return NULL;
}

static void test_main_blocks(void)
{
    restart();
    keel_task *feeder = keel_task_create(feed_later, &pipes[0], NULL);
    keel_yield();
    check_equal(blocking_read(&pipes[0]), 1, "main blocks, and a sleeper ends that");
    keel_task_await(feeder, NULL);
}

/* What was forked goes on as a task, and belongs to the task that blocks, not to its worker. */
static void *note_turn(void *arg)
{
    arrive(&turns);
    return arg;
}

static void *feed_when_both_have_run(void *pipe)
{
    bool both = yield_until(&turns, 2);
    feed(pipe);
    return both ? pipe : NULL;
}

static void test_forks(void)
{
    keel_fork_frame first, second;
    restart();
    keel_fork(&first, note_turn, &first);
    keel_fork(&second, note_turn, &second);
    void *both = NULL;
    keel_task *feeder = keel_task_create(feed_when_both_have_run, &pipes[0], NULL);
    check_equal(blocking_read(&pipes[0]), 1, "who has forked blocks");
    keel_task_await(feeder, &both);
    check(both != NULL, "and its children run meanwhile");
    check(keel_join(&second) == &second && keel_join(&first) == &first, "and can be joined");
}

/* ---- what a task has of its own */

static uint64_t control_now(void)
{
    return arch_float_control_rules(arch_float_control_read());
}

static void *read_rounding_down(void *pipe)
{
    uint64_t own = float_control_rounding(control_now(), ROUND_DOWN);
    arch_float_control_write(own);
    bool is_right = blocking_read(pipe) == 1 && control_now() == own;
    arrive(&ended);
    return is_right ? pipe : NULL;
}

static void *see_control(void *control)
{
    return control_now() == *(uint64_t *)control ? control : NULL;
}

/* Main yields while the call ends, so on one worker no worker sleeps then. */
static void test_float_control(void)
{
    static const keel_task_options keeping = {.flags = KEEL_TASK_FP_CONTROL};
    uint64_t program = control_now();
    void *first, *second, *keeper;
    restart();
    keel_task *reader = keel_task_create(read_rounding_down, &pipes[0], &keeping);
    yield_until(&begun, 1);
    keel_sleep(3 * MILLISECOND);
    keel_task_await(keel_task_create(see_control, &program, &keeping), &first);
    feed(&pipes[0]);
    yield_until(&ended, 1);
    keel_task_await(keel_task_create(see_control, &program, &keeping), &second);
    keel_task_await(reader, &keeper);
    check(keeper != NULL, "a task keeps its floating-point control over a call");
    check(first != NULL && second != NULL && control_now() == program, "and nobody else gets it");
}

/* ---- many calls, after each other and at once */

static void test_many_at_once(void)
{
    restart();
    keel_task *readers[calls_most];
    for (unsigned i = 0; i < calls_most; i++)
        readers[i] = keel_task_create(read_one, &pipes[i], NULL);
    check(yield_until(&begun, calls_most), "sixty-four block at once");
    for (unsigned i = 0; i < calls_most; i++)
        feed(&pipes[i]);
    check(yield_until(&ended, calls_most), "and go on, all");
    for (unsigned i = 0; i < calls_most; i++)
        keel_task_await(readers[i], NULL);
}

static void *read_often(void *arg)
{
    for (unsigned i = 0; i < rounds; i++) {
        keel_assert(blocking_read(arg) == 1);
        arrive(&ended);
        if (i % 3 == 0)
            keel_yield();
    }
    return NULL;
}

/* Calls end at all stages of being lent on. */
static void test_races(void)
{
    enum { readers_count = 8 };
    keel_task *readers[readers_count];
    uint32_t fed = 0;
    restart();
    for (unsigned i = 0; i < readers_count; i++)
        readers[i] = keel_task_create(read_often, &pipes[i], NULL);
    bool all = true;
    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < readers_count; j++, fed++)
            feed(&pipes[j]);
        keel_sleep((int64_t)(i % 10) * MILLISECOND / 4);
        all = all && yield_until(&ended, i);
    }
    check(all && yield_until(&ended, fed), "calls that end sooner and later");
    for (unsigned i = 0; i < readers_count; i++)
        keel_task_await(readers[i], NULL);
}

/* ---- the limit */

static void test_limit(unsigned most)
{
    enum { calls = 9 };
    keel_task *readers[calls];
    int64_t before = sched_option_blocking;
    restart();
    sched_option_blocking = most;
    for (unsigned i = 0; i < calls; i++)
        readers[i] = keel_task_create(read_one, &pipes[i], NULL);
    check(yield_until(&begun, most), "as many as may block do");
    int64_t end = keel_now() + 20 * MILLISECOND;
    while (keel_now() < end)
        keel_yield();
    check_equal(begun, most, "and no more; main goes on");
    for (unsigned i = 0; i < calls; i++)
        feed(&pipes[i]);
    check(yield_until(&ended, calls), "one that ends lets the next begin");
    for (unsigned i = 0; i < calls; i++)
        keel_task_await(readers[i], NULL);
    check_equal(sched_lender.lent, 0, "none is left");
    check_equal(sched.outside, 0, "nor outside");
    sched_option_blocking = before;
}

/* Whose turn it was, in order: A, B, A. */
static char order[4];

static void *note_calls(void *name)
{
    unsigned calls = *(const char *)name == 'A' ? 2 : 1;
    for (unsigned i = 0; i < calls; i++) {
        char byte;
        keel_blocking_begin();
        order[begun] = *(const char *)name;
        arrive(&begun);
        arch_syscall3(__NR_read, pipes[0].ends[0], (long)&byte, 1);
        keel_blocking_end();
    }
    return NULL;
}

static void test_in_turn(void)
{
    int64_t before = sched_option_blocking;
    restart();
    sched_option_blocking = 1;
    keel_task *first = keel_task_create(note_calls, "A", NULL);
    check(yield_until(&begun, 1), "one is in its call");
    keel_task *second = keel_task_create(note_calls, "B", NULL);
    check(yield_until(&sched_lender.waiting, 1), "another one waits");
    for (unsigned i = 0; i < 3; i++) {
        feed(&pipes[0]);
        yield_until(&begun, i + 2 < 3 ? i + 2 : 3);
    }
    keel_task_await(first, NULL);
    keel_task_await(second, NULL);
    check(order[0] == 'A' && order[1] == 'B' && order[2] == 'A', "and is not overtaken");
    check_equal(sched_lender.waiting, 0, "nobody waits");
    sched_option_blocking = before;
}

static void call_a_while(void *count)
{
    struct {
        int64_t seconds, nanoseconds;
    } time = {.nanoseconds = 3 * MILLISECOND};
    for (intptr_t i = 0; i < (intptr_t)count; i++) {
        keel_blocking_begin();
        arch_syscall2(__NR_nanosleep, (long)&time, 0);
        keel_blocking_end();
    }
    arrive(&ended);
}

/* Each long enough to be lent on; so each lets the next begin from another thread. */
static void test_one_at_a_time(void)
{
    enum { tasks = 4, calls = 8 };
    int64_t before = sched_option_blocking;
    restart();
    sched_option_blocking = 1;
    for (unsigned i = 0; i < tasks; i++)
        keel_spawn(call_a_while, (void *)calls);
    check(yield_until(&ended, tasks), "calls that take turns come to an end");
    sched_option_blocking = before;
}

/* ---- the rest */

static void test_nested(void)
{
    restart();
    keel_spawn(take_turns, (void *)1);
    keel_blocking_begin();
    keel_blocking_begin();
    keel_blocking_end();
    keel_task *feeder = keel_task_self();
    check(feeder != NULL && spin_until(&turns, 1), "within each other: lent on until the last end");
    keel_blocking_end();
    keel_yield();
}

/* No thread, and no word more than the call, while nobody else is there. */
static void test_alone(long threads)
{
    feed(&pipes[0]);
    check_equal(blocking_read(&pipes[0]), 1, "a call of the only task");
    check_equal(count_threads(), threads, "makes no thread");
    check(process_is_alone(), "and the process stays alone");
}

static void *receive_one(void *chan)
{
    char byte = 0;
    keel_chan_receive(chan, &byte);
    return (void *)(intptr_t)byte;
}

/* A channel wakes tasks that a blocked thread's worker had. */
static void test_wakes(void)
{
    keel_chan *chan = keel_chan_create(0, 1);
    restart();
    void *received = NULL;
    keel_task *receiver = keel_task_create(receive_one, chan, NULL);
    keel_yield();
    keel_task *reader = keel_task_create(read_one, &pipes[0], NULL);
    yield_until(&begun, 1);
    keel_chan_send(chan, "x");
    keel_task_await(receiver, &received);
    check_equal((intptr_t)received, 'x', "who is woken beside a call goes on");
    check_equal(ended, 0, "while that lasts");
    feed(&pipes[0]);
    keel_task_await(reader, NULL);
    keel_chan_close(chan);
    keel_chan_release(chan, NULL);
}

static void test_all(void)
{
    test_others_go_on();
    test_main_blocks();
    test_forks();
    test_wakes();
    test_float_control();
    test_nested();
    test_many_at_once();
    test_races();
    test_limit(1);
    test_limit(3);
    test_in_turn();
    test_one_at_a_time();
}

int main(void)
{
    open_pipes();
    /* RELAXED: nobody else is there yet, and 0: it is asked for anew. */
    atomic_store(&sched.worker_limit, 1, RELAXED);
    test_alone(count_threads());
    test_all();
    atomic_store(&sched.worker_limit, 0, RELAXED);
    test_all();
    tap_note("threads at the end", count_threads());
    return tap_done();
}
