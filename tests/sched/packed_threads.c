/*
 * Tasks on packed stacks beside threads: they block in the kernel, and lose their worker; they hold
 * their thread, and let it; they start threads, wait for all others, and ask who is stuck. Their
 * stacks stay whole, and they go on where they were.
 */
#include <asm/unistd.h>

#include "abi/time.h"
#include "keel.h"
#include "mem/packed.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { callers = 40, calls = 20, holders = 12, turns = 10, sleepers = 5 };

static uint32_t changed; /* atomic; calls after which the task was on another thread */
static uint32_t ended, refused, slept;
static keel_chan *chan;

static keel_task *create(void *(*fn)(void *), void *arg)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = mem_packed_least});
}

static int64_t thread_number(void)
{
    return arch_syscall0(__NR_gettid);
}

static void rest_in_the_kernel(int64_t nanoseconds)
{
    struct abi_timespec time = {.nanoseconds = nanoseconds};
    arch_syscall4(__NR_clock_nanosleep, 0, 0, (long)&time, 0);
}

/* ---- blocking calls */

static void *block(void *arg)
{
    volatile uintptr_t kept = (uintptr_t)arg * 3;
    uint64_t id = keel_task_id();
    for (uintptr_t i = 0; i < calls; i++) {
        int64_t thread = thread_number();
        keel_blocking_begin();
        rest_in_the_kernel((int64_t)(((uintptr_t)arg + i) % 4) * MILLISECOND);
        keel_blocking_end();
        if (thread_number() != thread)
            arrive(&changed);
        if (i % 3 == 0)
            keel_yield();
    }
    return (void *)(uintptr_t)(kept == (uintptr_t)arg * 3 && keel_task_id() == id);
}

/* Keeps a worker busy, so that some who come back find none. */
static void *compute(void *arg)
{
    for (int i = 0; i < 10; i++) {
        int64_t end = keel_now() + 2 * MILLISECOND;
        while (keel_now() < end)
            arch_pause();
        keel_yield();
    }
    return arg;
}

static void test_blocking(void)
{
    keel_task *tasks[callers], *computing[4];
    bool whole = true;
    for (uintptr_t i = 0; i < callers; i++)
        tasks[i] = create(block, (void *)i);
    for (int i = 0; i < 4; i++)
        computing[i] = keel_task_create(compute, NULL, NULL);
    for (int i = 0; i < callers; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        whole &= result != NULL;
    }
    for (int i = 0; i < 4; i++)
        keel_task_await(computing[i], NULL);
    /* RELAXED: all have ended. */
    tap_note("calls that came back on another thread", atomic_load(&changed, RELAXED));
    check(whole, "packed tasks in blocking calls go on where they were");
}

/* ---- held threads */

static void *give_back(void *arg)
{
    return arg;
}

static bool stays(int64_t thread)
{
    for (int i = 0; i < turns; i++) {
        void *result = NULL;
        keel_sleep(MILLISECOND / 20);
        keel_task_await(keel_task_create(give_back, &ended, NULL), &result);
        keel_yield();
        keel_chan_receive_until(chan, NULL, keel_now() + MILLISECOND / 20);
        if (thread_number() != thread || result != &ended)
            return false;
    }
    return true;
}

/* Again and again, with parks between: so a runner that is lost or used twice shows. */
static void *hold(void *arg)
{
    for (int i = 0; i < turns; i++) {
        if (keel_thread_hold() != 0) {
            arrive(&refused);
            return arg;
        }
        bool stayed = stays(thread_number());
        keel_thread_let();
        if (!stayed)
            return NULL;
        keel_sleep(MILLISECOND / 20);
        keel_task_await(create(give_back, NULL), NULL);
    }
    return arg;
}

static void test_hold(void)
{
    keel_task *tasks[holders];
    bool all_stayed = true;
    for (int i = 0; i < holders; i++)
        tasks[i] = create(hold, tasks);
    for (int i = 0; i < holders; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        all_stayed &= result == tasks;
    }
    tap_note("refused", atomic_load(&refused, RELAXED)); /* RELAXED: all have ended */
    check(all_stayed, "packed tasks hold their threads, and let them");
}

/* ---- loops on held threads */

static int64_t held;
static uint32_t strayed, called;

static void *child(void *arg)
{
    if (thread_number() != held)
        arrive(&strayed);
    return arg;
}

/* Parts that park, fork, hold once more and loop once more stay where they are. */
static void part(int64_t begin, int64_t end, void *inner)
{
    keel_fork_frame frame;
    (void)end;
    arrive(&called);
    child(NULL);
    keel_thread_hold();
    if (begin % 4 == 0)
        keel_sleep(MILLISECOND / 20);
    keel_fork(&frame, child, NULL);
    if (inner != NULL)
        keel_parallel_for(0, 3, 1, part, NULL);
    keel_join(&frame);
    keel_thread_let();
    child(NULL);
}

static void *hold_and_loop(void *arg)
{
    if (keel_thread_hold() != 0) {
        arrive(&refused);
        return arg;
    }
    held = thread_number();
    keel_parallel_for(0, 40, 1, part, arg);
    bool stayed = thread_number() == held;
    keel_thread_let();
    return stayed ? arg : NULL;
}

static void test_loop(void)
{
    void *result = NULL;
    uint32_t before = refused;
    keel_task_await(create(hold_and_loop, &called), &result);
    check(result == &called && strayed == 0, "a loop stays on the thread that its caller holds");
    check(refused != before || called == 40 * 4, "all of its parts are called");
}

/* ---- threads, and the wait for all */

static void send_one(void *arg)
{
    keel_chan_send(chan, NULL);
    (void)arg;
}

static void *start_thread(void *arg)
{
    keel_threads_announce();
    if (keel_thread_start(send_one, NULL, 0) != 0)
        keel_spawn(send_one, NULL);
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *sleep_a_while(void *arg)
{
    keel_sleep(3 * MILLISECOND);
    arrive(&slept);
    return arg;
}

/* The last of all: it returns what it saw when it was let go. */
static void *wait_for_all(void *saw)
{
    keel_wait_all();
    *(uint32_t *)saw = atomic_load(&slept, RELAXED); /* RELAXED: keel_wait_all orders it */
    return saw;
}

static void test_threads(void)
{
    uint32_t saw = 0;
    void *result = NULL;
    keel_task_await(create(start_thread, &saw), &result);
    check(result == &saw, "one starts a thread, and hears from it");
    for (int i = 0; i < sleepers; i++)
        keel_task_detach(create(sleep_a_while, NULL));
    keel_task *waiter = create(wait_for_all, &saw);
    keel_wait_all();
    keel_task_await(waiter, NULL);
    check(saw == sleepers, "one waits for all others");
}

/* ---- stuck tasks */

static void *sleep_for_ever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    return arg;
}

static void *ask(void *arg)
{
    static uint64_t ids[2 * sleepers];
    for (int i = 0; i < 1000; i++) {
        if (keel_stuck_tasks(ids, 2 * sleepers) == sleepers)
            return arg;
        keel_sleep(MILLISECOND);
    }
    return NULL;
}

static void test_stuck(void)
{
    void *result = NULL;
    for (int i = 0; i < sleepers; i++)
        keel_task_detach(create(sleep_for_ever, NULL));
    keel_task_await(create(ask, &ended), &result);
    check(result == &ended, "one finds those that are stuck, packed too");
}

int main(void)
{
    chan = keel_chan_create(0, 0);
    test_blocking();
    test_hold();
    test_loop();
    test_threads();
    test_stuck();
    return tap_done();
}
