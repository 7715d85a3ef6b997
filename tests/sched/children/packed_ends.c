/* Programs that end from a task with a packed stack; the first argument says how. */
#include <asm/unistd.h>

#include "abi/time.h"
#include "keel/chan.h"
#include "keel/fault.h"
#include "keel/fork.h"
#include "mem/packed.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { right = 0, KiB = 1024, exit_status = 7 };

static keel_chan *chan;

static keel_task *create(void *(*fn)(void *), void *arg, size_t size)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = size, .name = "packed"});
}

static void print(const char *text)
{
    struct line line;
    line_begin(&line);
    line_text(&line, text);
    line_write(&line, tap_descriptor);
}

static void *receive(void *arg)
{
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *own_stack(void *arg)
{
    (void)arg;
    return sched_self()->stack;
}

static void *yield_often(void *arg)
{
    for (int i = 0; i < 3; i++)
        keel_yield();
    return arg;
}

static void *own_size(void *arg)
{
    (void)arg;
    const struct mem_stack *stack = sched_self()->stack;
    return (void *)((uintptr_t)(stack + 1) - stack->low + sizeof(uint64_t));
}

/* ---- ends from there */

static __attribute__((noinline)) void *panic_here(void *arg)
{
    keel_panic("from a packed stack");
    return arg;
}

static void *call_panic(void *arg)
{
    void *volatile result = panic_here(arg);
    return result;
}

/* So many wait that the runner beside it stands on a stack above its own. */
static int panics(void)
{
    for (int i = 0; i < 10; i++)
        begun(create(receive, NULL, 0));
    keel_task_await(create(call_panic, NULL, KiB), NULL);
    return right;
}

static __attribute__((noinline)) void *fault_here(void *arg)
{
    *(volatile int *)arg = 1;
    return arg;
}

static int faults(void)
{
    keel_task_await(create(fault_here, (void *)8, KiB), NULL);
    return right;
}

static int deadlock(void)
{
    for (int i = 0; i < 5; i++)
        begun(create(receive, NULL, KiB));
    keel_task_await(create(receive, NULL, 2 * KiB), NULL);
    return right;
}

static __attribute__((noinline)) void go_deep(void)
{
    volatile char block[20 * KiB];
    for (size_t i = 0; i < sizeof block; i += 512)
        block[i] = 1;
}

static void exit_first(void)
{
    go_deep();
    keel_sleep(MILLISECOND);
    print("first");
}

static void exit_second(void)
{
    void *result = NULL;
    go_deep();
    keel_task_await(create(own_size, NULL, KiB), &result);
    keel_task_await(keel_task_create(own_stack, NULL, NULL), NULL);
    print((size_t)result == KiB ? "second" : "wrong");
}

static void *exit_here(void *arg)
{
    keel_yield();
    keel_exit(exit_status);
    return arg;
}

static int exits(void)
{
    keel_at_exit(exit_first);
    keel_at_exit(exit_second);
    keel_task_await(create(exit_here, NULL, KiB), NULL);
    return right;
}

/* Many at once, and some that park there for good. */
static int exits_of_many(void)
{
    keel_at_exit(exit_first);
    for (int i = 0; i < 50; i++)
        keel_task_detach(create(exit_here, NULL, KiB));
    keel_sleep(KEEL_FOREVER);
    return right;
}

static void *churn(void *arg)
{
    for (;;)
        keel_task_await(create(yield_often, NULL, KiB), NULL);
    return arg;
}

static int exits_while_others_run(void)
{
    for (int i = 0; i < 50; i++)
        keel_task_detach(create(churn, NULL, 2 * KiB));
    keel_sleep(20 * MILLISECOND);
    return exit_status;
}

/* ---- ends from within a blocking call, and on a held thread */

static void rest_in_the_kernel(void)
{
    struct abi_timespec time = {.nanoseconds = 5 * MILLISECOND};
    arch_syscall4(__NR_clock_nanosleep, 0, 0, (long)&time, 0);
}

/* So long that the worker is lent on. */
static void *exit_blocking(void *arg)
{
    keel_blocking_begin();
    rest_in_the_kernel();
    keel_exit(exit_status);
    return arg;
}

static int exits_blocking(void)
{
    keel_at_exit(exit_first);
    keel_at_exit(exit_second);
    keel_task_await(create(exit_blocking, NULL, KiB), NULL);
    return right;
}

/* An exit function lets what was held: its stack is that of the runner by then. */
static void let_thread(void)
{
    keel_thread_let();
    exit_second();
}

static void *exit_holding(void *arg)
{
    if (keel_thread_hold() == 0)
        keel_exit(exit_status);
    return arg;
}

static int exits_holding(void)
{
    keel_at_exit(exit_first);
    keel_at_exit(let_thread);
    keel_task_await(create(exit_holding, NULL, KiB), NULL);
    return right;
}

/* ---- in the body of a loop, which runs on the held thread */

static void exit_in_part(int64_t begin, int64_t end, void *data)
{
    (void)begin;
    (void)end;
    (void)data;
    keel_exit(exit_status);
}

static void let_in_part(int64_t begin, int64_t end, void *data)
{
    (void)begin;
    (void)end;
    (void)data;
    keel_thread_let();
}

static void *hold_and_exit(void *arg)
{
    if (keel_thread_hold() == 0)
        keel_parallel_for(0, 10, 1, exit_in_part, NULL);
    return arg;
}

static void *hold_and_let(void *arg)
{
    if (keel_thread_hold() == 0)
        keel_parallel_for(0, 10, 1, let_in_part, NULL);
    return arg;
}

static int exits_in_loop(void)
{
    keel_at_exit(exit_first);
    keel_at_exit(let_thread);
    keel_task_await(create(hold_and_exit, NULL, KiB), NULL);
    return right;
}

static int lets_in_loop(void)
{
    keel_task_await(create(hold_and_let, NULL, KiB), NULL);
    return right;
}

static void *end_blocking(void *arg)
{
    keel_blocking_begin();
    return arg;
}

static void *end_holding(void *arg)
{
    keel_thread_hold();
    return arg;
}

static int ends_blocking(void)
{
    keel_task_await(create(end_blocking, NULL, KiB), NULL);
    return right;
}

static int ends_holding(void)
{
    keel_task_await(create(end_holding, NULL, KiB), NULL);
    return right;
}

static const struct way ways[] = {
    {"panic", panics},
    {"fault", faults},
    {"deadlock", deadlock},
    {"exit", exits},
    {"exit-of-many", exits_of_many},
    {"exit-while-others-run", exits_while_others_run},
    {"exit-blocking", exits_blocking},
    {"exit-holding", exits_holding},
    {"exit-in-loop", exits_in_loop},
    {"let-in-loop", lets_in_loop},
    {"end-blocking", ends_blocking},
    {"end-holding", ends_holding},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
