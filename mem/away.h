/*
 * Stacks whose bytes are *away*: their user has copied them, and the memory goes back to the
 * kernel, and with it, where many such lie side by side, the page tables (501 bytes a stack of the
 * default size). The addresses stay theirs. away.c says how.
 */
#ifndef KEEL_MEM_AWAY_H
#define KEEL_MEM_AWAY_H

#include "mem/stack.h"

/* At most so many are sent at a time. */
enum { mem_away_most = 64 };

struct mem_away {
    struct mem_stack *stack;
    struct slot_chunk *chunk; /* of the stack; NULL: it is no slot */
};

/*
 * Where the part of a stack ends whose memory can go, and comes back undefined: for a slot that is
 * its top, header and all; else the page on which the header lies stays. The chunk is the stack's.
 */
static inline uintptr_t mem_away_end(const struct mem_stack *stack, const struct slot_chunk *chunk)
{
    return chunk != NULL ? (uintptr_t)stack : round_down((uintptr_t)stack, arch_page_size);
}

/* Lets the kernel have the memory of stacks that nobody runs on, up to where mem_away_end says. */
void mem_away_send(const struct mem_away *stacks, unsigned count);

/*
 * Makes a stack that was sent away one to run on again, guard and header; what the stack contained
 * is the caller's to write. False: the kernel refuses its guard.
 */
bool mem_away_return(const struct mem_away *away);

#endif
