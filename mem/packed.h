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
 * A stack that is given back is another's at once. A chunk of which none is in use goes back to the
 * kernel, if another has room.
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
 * Whether nothing was written below the stack: its canary is as it was laid, and so is the mark
 * that ends the stack below it. Whether its own mark is.
 */
bool mem_packed_is_whole(const struct mem_stack *stack);
bool mem_packed_has_mark(const struct mem_stack *stack);

#endif
