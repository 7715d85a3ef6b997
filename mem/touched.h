/* How deep a stack was used: for the census of the scheduler. */
#ifndef KEEL_MEM_TOUCHED_H
#define KEEL_MEM_TOUCHED_H

#include "mem/stack.h"

/*
 * The lowest page from `low` on, below `high`, for which there is memory, because it was touched
 * since the kernel gave it or took it back; `high` if there is none. Nothing is read there, so the
 * addresses may be anybody's: what is not mapped has no memory. A page that the kernel has put into
 * swap space may be missed. Where the kernel does not say, it is `low`.
 */
uintptr_t mem_touched_lowest(uintptr_t low, uintptr_t high);

/*
 * Paints what nobody uses of the stack that the caller runs on, whose lowest touched page is
 * `lowest`: as much as was ever touched, and two pages more. So what is touched from now on can be
 * told: in what was painted (from stack->painted on) by the word, below it by the page.
 */
void mem_touched_paint(struct mem_stack *stack, uintptr_t lowest);

bool mem_touched_is_paint(uint64_t word);

#endif
