/* What an address has to do with the stacks that tasks run on, main's among them. */
#ifndef KEEL_SCHED_OWNER_H
#define KEEL_SCHED_OWNER_H

#include "base/base.h"
#include "base/thread_block.h"

/* Whose stack an address guards. For the fault report, from a signal handler. */
struct address_owner sched_address_owner(uintptr_t address);

/* The stack that the kernel gave main, from its top down. limit 0: not known. */
struct sched_main_stack {
    uintptr_t top;
    uint64_t limit; /* bytes; RLIM_INFINITY: more than there is address space */
};
struct sched_main_stack sched_main_stack(void);

#endif
