/* Tasks on packed stacks (packed.c; mem/packed.h). */
#ifndef KEEL_SCHED_PACKED_H
#define KEEL_SCHED_PACKED_H

#include "mem/packed.h"
#include "mem/stack_sizes.h"
#include "sched/unusual.h"

/* The numbers of their sizes stand behind those of the others. */
enum {
    sched_packed_first = mem_stack_numbers,
    sched_stack_numbers = sched_packed_first + mem_packed_numbers
};
_Static_assert(sched_stack_numbers <= (UINT16_MAX + 1) / SCHED_UNUSUAL_SIZE,
               "all sizes have numbers");

static inline unsigned sched_packed_number(const struct keel_task *task)
{
    return sched_stack_number(task) - sched_packed_first;
}

/*
 * Runs such a task, from its begin or from where it parked, until it parks or ends. For the runner
 * on `runner`, of the default size; nothing when there is no stack: the task starves.
 */
void sched_packed_run(struct keel_task *task, struct mem_stack *runner);

/* Panics if the calling task has used more than its stack, which is packed, or was written over. */
void sched_packed_check(const struct keel_task *self);

/* As sched_park; for a task on a packed stack. */
void sched_packed_park(enum sched_wait_reason reason, const void *object, sched_step *step,
                       void *data);

#endif
