/*
 * Slots: task stacks that take no mapping each. Many lie side by side in one mapping, a chunk, and
 * the guard of each is a mark in the page table (MADV_GUARD_INSTALL, Linux 6.13), which splits
 * nothing. slots.c says how; stack.h is for who wants a stack.
 */
#ifndef KEEL_MEM_SLOTS_H
#define KEEL_MEM_SLOTS_H

#include "mem/stack.h"

/* At most so many are cooled at a time. */
enum { mem_slots_cooled_most = 32 };

/*
 * A stack in a slot, described. When there are many of the size it may be several, linked by
 * `next`, of which all but the first have memory already that their tops need. NULL: the kernel has
 * no such guards, or no memory.
 */
struct mem_stack *mem_slots_take(struct mem_stack_size *size);

/*
 * Gives the memory of stacks in slots back, that nobody has any more, and keeps the slots, guards
 * and all, until a whole chunk is unused.
 */
void mem_slots_cool(struct mem_stack *const *stacks, unsigned count);

/*
 * The stack of the slot in whose guard the address lies, whether somebody has it or not, and its
 * lowest usable byte; else NULL. From a signal handler, as mem_stack_guarding.
 */
const struct mem_stack *mem_slots_guarding(uintptr_t address, uintptr_t *low);

/* Whether no guard could be had, and stacks take mappings of their own. */
bool mem_slots_are_refused(void);

#endif
