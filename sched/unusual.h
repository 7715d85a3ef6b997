/*
 * What is not as with most tasks. A task's `unusual` is 0 for those, and all that they pay is to
 * look at it.
 *
 *   create.c   keel_task_create; tasks with stacks of other sizes (mem/stack_sizes.h): behind hooks
 *              that are empty in programs that do not ask for such
 *   census.c   KEEL_STACKS=1: the deepest use of stacks, by spawn site
 *   unusual.c  what is done around an unusual task's function
 */
#ifndef KEEL_SCHED_UNUSUAL_H
#define KEEL_SCHED_UNUSUAL_H

#include "sched/sched.h"

enum {
    SCHED_UNUSUAL_FLOAT = 1,    /* KEEL_TASK_FP_CONTROL */
    SCHED_UNUSUAL_MEASURED = 2, /* the census wants to know what it uses of its stack */
    SCHED_UNUSUAL_THREAD = 4,   /* its thread runs no worker: foreign.h; a blocking call's too */
    SCHED_UNUSUAL_SIZE = 8,     /* times the number of its stack's size; 0: the default size */
};

static inline bool sched_keeps_float_control(const struct keel_task *task)
{
    return (task->unusual & SCHED_UNUSUAL_FLOAT) != 0;
}

static inline unsigned sched_stack_number(const struct keel_task *task)
{
    return task->unusual / SCHED_UNUSUAL_SIZE;
}

/* ---- sizes (create.c) */

/*
 * Goes over to a stack of the size that the task wants, where a runner begins it, and gives up
 * `stack`, on which the calling runner stands. Returns when none is to be had: the task starves.
 */
void sched_hook_change_stack(struct keel_task *task, struct mem_stack *stack);

/* The queue of starved tasks of a size of which there is a stack now, or NULL. */
struct queue *sched_hook_find_starved(void);

/* Of all starved tasks one that can begin now on the worker, or NULL; and whether there is one. */
struct keel_task *sched_take_starved(struct sched_worker *worker);
bool sched_can_begin_starved(struct sched_worker *worker);

/* ---- around the function (unusual.c) */

/* An unusual task's function is about to be called, on its stack; it has returned. */
void sched_unusual_begin(const struct keel_task *task);
void sched_unusual_end(struct keel_task *task);

/* For a task that has returned from its function, and has SCHED_UNUSUAL_THREAD: a panic. */
void sched_never_ended(void);

/* ---- the census (census.c) */

/* From now on all tasks are measured; at exit it prints. To be called before there is any task. */
void sched_census_start(void);

/* The task is about to begin; it has ended. Called on its own stack. */
void sched_census_begin(const struct keel_task *task);
void sched_census_end(struct keel_task *task);

#endif
