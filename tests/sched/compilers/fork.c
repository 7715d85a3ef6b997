/*
 * A user's program that forks, with what keel/fork.h has inline, whichever compiler made it: a
 * child that the compiler knows and can call by itself at the join, one that it does not know, one
 * that waits, and a loop. Prints "kept" when all results were right.
 */
#include "keel/fork.h"
#include "keel.h"
#include "runtime.h"

enum { loop_length = 1000 };

static void *fib(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, fib, (void *)(n - 1));
    uintptr_t second = (uintptr_t)fib((void *)(n - 2));
    return (void *)((uintptr_t)keel_join(&frame) + second);
}

static void *(*volatile unknown)(void *);

/* Two frames at once, whose address others see, and now and then a wait in between. */
static void *sum_of_tree(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    if (depth == 0)
        return (void *)1;
    keel_fork_frame frames[2];
    for (unsigned i = 0; i < 2; i++)
        keel_fork(&frames[i], unknown, (void *)(depth - 1));
    double half = (double)depth / 2;
    if (depth % 4 == 0)
        keel_yield();
    uintptr_t sum = (uintptr_t)keel_join(&frames[1]) + (uintptr_t)(2 * half);
    if (depth % 5 == 0)
        keel_sleep(1000);
    return (void *)(sum + (uintptr_t)keel_join(&frames[0]) - depth);
}

static void mark(int64_t begin, int64_t end, void *data)
{
    unsigned char *marks = data;
    for (int64_t i = begin; i < end; i++)
        marks[i]++;
}

int main(void)
{
    static unsigned char marks[loop_length];
    bool wrong = (uintptr_t)fib((void *)22) != 17711;
    unknown = sum_of_tree;
    wrong |= (uintptr_t)sum_of_tree((void *)10) != 1024;
    keel_parallel_for(0, loop_length, 3, mark, marks);
    for (unsigned i = 0; i < loop_length; i++)
        wrong |= marks[i] != 1;
    if (!wrong)
        cs_print_str((cs_string_t){(char *)"kept\n", 5});
    return wrong;
}
