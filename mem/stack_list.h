/*
 * Which stacks there are (stack_list.c): for reports, and for faults, which ask whose guard an
 * address lies in. Those that are slots (slots.h) are only counted.
 */
#ifndef KEEL_MEM_STACK_LIST_H
#define KEEL_MEM_STACK_LIST_H

#include "mem/stack.h"

/* A stack that is no slot is there from now on, and counted; it goes, and must be counted off. */
void mem_stack_list(struct mem_stack *stack);
void mem_stack_unlist(struct mem_stack *stack);

/* So many more, or with its complement less. */
void mem_stack_count_more(size_t change);

#endif
