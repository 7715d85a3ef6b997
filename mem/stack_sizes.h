/*
 * Stacks of other sizes than the default. Each size is twice the one before, from 4 KiB to 1 GiB of
 * what is *promised*; beyond it lies some room for the runtime itself:
 *
 *     | guard, 64 KiB | promised | 16 KiB: what the runtime needs; colour; header |
 *
 * The room is not taken from the promise: a runner's frames lie there, and it is deep enough that a
 * task which has used all of its promise can still panic, with a trace. (Who runs on the stack of
 * who awaits it has as much: sched/host.c.) Addresses are all that it costs. Each size has its own
 * pool and its own chunks of slots, so no stack is ever cut up or joined.
 *
 * The default may be as small as 4 KiB. Who asks for that, or less, has a packed stack (packed.h):
 * those are none of these.
 */
#ifndef KEEL_MEM_STACK_SIZES_H
#define KEEL_MEM_STACK_SIZES_H

#include "mem/stack.h"

enum { mem_stack_numbers = 20 };

/* The number of the size that promises so much, at most mem_stack_promise_most: 0, the default's,
 * if that promises just as much. */
unsigned mem_stack_number(size_t promise);

static inline size_t mem_stack_promise_of(unsigned number)
{
    return number == 0 ? mem_stack_promised() : (size_t)mem_stack_promise_least << (number - 1);
}

/* The size with the number. */
struct mem_stack_size *mem_stack_size_of(unsigned number);

#endif
