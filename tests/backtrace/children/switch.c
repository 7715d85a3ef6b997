/*
 * main and two stacks switch to each other, for a debugger to look at (tests/backtrace/gdb.t). Each
 * has other values in the registers that a call preserves, wherever it gives way.
 */
#include "base/base.h"

#define FRAME __attribute__((noinline))

enum { stack_size = 16384, rounds = 3 };

_Alignas(16) static unsigned char first_stack[stack_size], second_stack[stack_size];
static void *main_context, *first_context, *second_context;
static volatile unsigned sink;

/* Volatile, so that all eight values are read before the switch and kept for after it. */
static FRAME void give_way(volatile uint64_t *values, void **from, void **to)
{
    uint64_t a = values[0], b = values[1], c = values[2], d = values[3];
    uint64_t e = values[4], f = values[5], g = values[6], h = values[7];
    arch_context_switch(from, *to);
    sink += (unsigned)(a + b + c + d + e + f + g + h);
}

static FRAME void first_inner(volatile uint64_t *values)
{
    give_way(values, &first_context, &second_context);
    sink++;
}

static FRAME void first_entry(void *arg)
{
    volatile uint64_t values[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    (void)arg;
    for (;;)
        first_inner(values);
}

static FRAME void second_inner(volatile uint64_t *values)
{
    give_way(values, &second_context, &main_context);
    sink++;
}

static FRAME void second_entry(void *arg)
{
    volatile uint64_t values[8] = {21, 22, 23, 24, 25, 26, 27, 28};
    (void)arg;
    for (;;)
        second_inner(values);
}

int main(void)
{
    volatile uint64_t values[8] = {31, 32, 33, 34, 35, 36, 37, 38};
    arch_context_start(&main_context, second_stack + stack_size, second_entry, NULL);
    arch_context_start(&main_context, first_stack + stack_size, first_entry, NULL);
    for (int i = 0; i < rounds; i++)
        give_way(values, &main_context, &first_context);
    return 0;
}
