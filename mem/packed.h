/*
 * Packed stacks: several to a page, for tasks whose compiler knows how much they use. The size is
 * all there is, 1, 2 or 4 KiB:
 *
 *     chunk
 *     | struct packed_chunk | guard | stack 0 | stack 1 | stack 2 | ...
 *              low                          top
 *              | canary | usable, grows down  | struct mem_stack, its mark last |
 *
 * No guard lies between them, only one below all: who uses more than it has writes over its own
 * canary, then over the mark of the stack below, and mem_packed_is_whole tells. A chunk is one
 * mapping and its guard. The first ones are small; when there are many stacks, chunks are large and
 * of huge pages: to touch those takes a fifth of the time, and a part of one that is not used yet
 * weighs little then.
 *
 * A stack that is given back is another's at once. Of the chunks of which none is in use one of
 * each size stays, the others go back to the kernel: else who comes and goes where a chunk is full
 * would have one made and touched each time. That one goes when the kernel refuses memory for a
 * stack of whatever size (mem_stack_empty_pools).
 */
#ifndef KEEL_MEM_PACKED_H
#define KEEL_MEM_PACKED_H

#include "mem/stack.h"

enum { mem_packed_least = 1024, mem_packed_most = 4096, mem_packed_numbers = 3 };

/* The number of the smallest size that has so many bytes, at most mem_packed_most. */
static inline unsigned mem_packed_number(size_t bytes)
{
    return bytes <= mem_packed_least ? 0 : bytes <= mem_packed_most / 2 ? 1 : 2;
}

static inline size_t mem_packed_size(unsigned number)
{
    return (size_t)mem_packed_least << number;
}

/* A stack, its canary laid; its context is NULL. NULL: the kernel refuses. */
struct mem_stack *mem_packed_take(unsigned number);

/* Gives back a stack that nobody runs on. */
void mem_packed_give(struct mem_stack *stack);

/*
 * A free stack of that number is no more as it was left: it does not return. Weak here; sched/
 * knows who has the stack above.
 */
void mem_hook_packed_damaged(const struct mem_stack *stack, unsigned number);

/*
 * Whether nothing was written below the stack: its canary is as it was laid, and so is the mark
 * that ends the stack below it. Whether its own mark is.
 */
bool mem_packed_is_whole(const struct mem_stack *stack);
bool mem_packed_has_mark(const struct mem_stack *stack);

#endif
