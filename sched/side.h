/*
 * Side threads: threads of ours that run no task and are no workers (monitor.c, lender.c, maker.c,
 * watchdog.c). They take no signals.
 */
#ifndef KEEL_SCHED_SIDE_H
#define KEEL_SCHED_SIDE_H

#include "base/base.h"

struct thread_block;

/*
 * Makes one, which begins in entry(NULL). `block` is all zero and becomes its thread block; *gone
 * (NULL: nobody asks) is set to 0 by the kernel when the thread has ended; *mask (NULL: nobody
 * asks) gets the caller's signal mask. False: it cannot be made.
 */
bool sched_side_make(struct thread_block *block, void *stack_top, int *gone, uint64_t *mask,
                     void (*entry)(void *));

/* Waits while *word is `value`, at most `pause` nanoseconds (less than a second), or without end.
 */
void sched_side_rest(const uint32_t *word, uint32_t value, int64_t pause);

#endif
