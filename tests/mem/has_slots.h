/* Whether stacks are slots of large mappings here; else each takes mappings of its own. */
#ifndef KEEL_TESTS_HAS_SLOTS_H
#define KEEL_TESTS_HAS_SLOTS_H

#include "mem/stack.h"

/* Keeps the stacks that it asks for: the first few lie in the image. */
static inline bool has_slots(void)
{
    bool has = false;
    for (int i = 0; i < 20 && !has; i++) {
        struct mem_stack *stack = mem_stack_acquire();
        has = stack != NULL && stack->chunk != NULL;
    }
    return has;
}

#endif
