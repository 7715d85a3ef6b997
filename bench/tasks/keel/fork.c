/*
 * Rows of fork and join, and of loops over it. fib(32) in two forms: `fork-fib` forks a function
 * that the compiler cannot know, through a pointer, as an interpreter or a virtual call does;
 * `fork-fib-known` forks the function that it names, so that what keel/fork.h has inline can call
 * it directly.
 */
#include "bench.h"
#include "bench/tasks/work.h"
#if __has_include("keel/fork.h")
#include "keel/fork.h"

static void *(*volatile unknown)(void *);
/* Read anew each time: or the compiler, which sees all of fib, would call it once for many. */
static volatile uintptr_t number = fork_fib_of;

static void *fib_unknown(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, unknown, (void *)(n - 1));
    uintptr_t second = (uintptr_t)fib_unknown((void *)(n - 2));
    return (void *)((uintptr_t)keel_join(&frame) + second);
}

static void *fib_known(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, fib_known, (void *)(n - 1));
    uintptr_t second = (uintptr_t)fib_known((void *)(n - 2));
    return (void *)((uintptr_t)keel_join(&frame) + second);
}

static void check_fib(void *value)
{
    if ((uintptr_t)value != fork_fib_value)
        give_up("fib(32) is another number");
}

static void fork_fib(uint64_t count)
{
    unknown = fib_unknown;
    for (; count > 0; count -= fork_fib_calls)
        check_fib(unknown((void *)number));
}

static void fork_fib_known(uint64_t count)
{
    for (; count > 0; count -= fork_fib_calls)
        check_fib(fib_known((void *)number));
}

/* ---- loops; an operation is an iteration */

static unsigned char marks[loop_length];
static unsigned char mark;

static void loop_part(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    work_loop(begin, end, marks, mark);
}

static void loops(uint64_t count, int64_t grain)
{
    for (; count > 0; count -= loop_length) {
        mark = mark % 255 + 1;
        keel_parallel_for(0, loop_length, grain, loop_part, NULL);
    }
    if (!work_loop_is_right(marks, mark))
        give_up("a part of the loop is missing");
}

static void loop_1(uint64_t count)
{
    loops(count, 1);
}

static void loop_32(uint64_t count)
{
    loops(count, 32);
}

static void loop_1024(uint64_t count)
{
    loops(count, 1024);
}

static float left[saxpy_length], right[saxpy_length];

static void saxpy_part(int64_t begin, int64_t end, void *arg)
{
    (void)arg;
    work_saxpy(begin, end, left, right);
}

static void saxpy(uint64_t count)
{
    static uint64_t passes;
    if (passes == 0)
        work_saxpy_begin(left, right);
    for (; count > 0; count -= saxpy_length) {
        passes++;
        keel_parallel_for(0, saxpy_length, saxpy_grain, saxpy_part, NULL);
    }
    if (!work_saxpy_is_right(left, right, passes))
        give_up("a part of saxpy is missing");
}
#endif

const struct row fork_rows[] = {
#if __has_include("keel/fork.h")
    {"fork-fib", fork_fib, fork_fib_calls, 0, false, false},
    {"fork-fib-known", fork_fib_known, fork_fib_calls, 0, false, false},
    {"loop-1", loop_1, loop_length, 0, false, false},
    {"loop-32", loop_32, loop_length, 0, false, false},
    {"loop-1024", loop_1024, loop_length, 0, false, false},
    {"saxpy", saxpy, saxpy_length, 0, false, false},
#endif
    {NULL, NULL, 0, 0, false, false},
};
