/*
 * What is not as with most tasks. A task's `unusual` is 0 for those, and all that they pay is to
 * look at it. Its low byte is flags, its high byte the number of a size.
 *
 *   create.c   keel_task_create; tasks with stacks of other sizes (mem/stack_sizes.h): behind hooks
 *              that are empty in programs that do not ask for such
 *   spare.c    tasks that find no stack, of whatever size
 *   shelve.h   KEEL_TASK_SHELVED: the stacks of tasks that wait long are put aside; shelve.c comes
 *              with create.c
 *   packed.c   tasks with packed stacks (mem/packed.h); it comes with create.c
 *   census.c   KEEL_STACKS=1: the deepest use of stacks, by spawn site
 *   unusual.c  what is done around an unusual task's function
 */
#ifndef KEEL_SCHED_UNUSUAL_H
#define KEEL_SCHED_UNUSUAL_H

#include "sched/sched.h"

enum {
    /* The low byte: flags. */
    SCHED_UNUSUAL_FLOAT = 1,    /* KEEL_TASK_FP_CONTROL */
    SCHED_UNUSUAL_MEASURED = 2, /* the census wants to know what it uses of its stack */
    SCHED_UNUSUAL_THREAD = 4,   /* its thread runs no worker: foreign.h; a blocking call's too */
    SCHED_UNUSUAL_SHELVED = 8,  /* KEEL_TASK_SHELVED (shelve.h) */
    SCHED_UNUSUAL_PACKED = 16,  /* it has a packed stack (packed.h), and a number of that kind */
    /*
     * The high byte: so many times the number of its stack's size; 0: the default size. No runner
     * has that of a packed one.
     */
    SCHED_UNUSUAL_SIZE = 256,
    /* Those that park in another way. */
    SCHED_UNUSUAL_PARKS =
        SCHED_UNUSUAL_FLOAT | SCHED_UNUSUAL_THREAD | SCHED_UNUSUAL_SHELVED | SCHED_UNUSUAL_PACKED,
};

static inline bool sched_keeps_float_control(const struct keel_task *task)
{
    return (task->unusual & SCHED_UNUSUAL_FLOAT) != 0;
}

static inline bool sched_parks_unusually(const struct keel_task *task)
{
    return (task->unusual & SCHED_UNUSUAL_PARKS) != 0;
}

static inline unsigned sched_stack_number(const struct keel_task *task)
{
    return task->unusual / SCHED_UNUSUAL_SIZE;
}

static inline bool sched_is_packed(const struct keel_task *task)
{
    return (task->unusual & SCHED_UNUSUAL_PACKED) != 0;
}

/* Its stack may be somewhere else when it is to go on (shelve.h). */
static inline bool sched_may_be_shelved(const struct keel_task *task)
{
    return unlikely((task->unusual & SCHED_UNUSUAL_SHELVED) != 0);
}

/* It may be while it waits now: a thread of its own stays on the stack. */
static inline bool sched_waits_apart(const struct keel_task *self)
{
    enum { both = SCHED_UNUSUAL_SHELVED | SCHED_UNUSUAL_THREAD };
    return unlikely((self->unusual & both) == SCHED_UNUSUAL_SHELVED);
}

/* ---- sizes (create.c) */

/*
 * Goes over to a stack of the size that the task wants, where a runner begins it, and gives up
 * `stack`, on which the calling runner stands. Returns when none is to be had: the task starves.
 * `task` is NULL: a stack of the default size, where the runner looks for one; that is always there
 * for a runner on another. One with a packed stack is run, beside the runner, until it parks or
 * ends; that returns, too.
 */
void sched_hook_change_stack(struct keel_task *task, struct mem_stack *stack);

/* A starved task of another size, for which there is a stack now: it has it. Or NULL. */
struct keel_task *sched_hook_take_starved(void);

/* ---- tasks that find no stack (spare.c) */

/* Whether it is worth a try to begin one. */
static inline bool sched_starved_have_hope(void)
{
    return unlikely(sched_anyone_starved()) &&
           atomic_load(&sched.starved_hope, RELAXED); /* RELAXED: as above */
}

/* Whether the worker has a spare stack, or could get one. */
bool sched_have_spare(struct sched_worker *worker);

/* Gives a stack that nobody runs on to the pool that all share. */
void sched_give_stack(struct mem_stack *stack);

/*
 * The task may not begin, for want of a stack of that number: it starves. Who finds one takes it
 * (spare.c says how).
 */
void sched_starve(struct keel_task *task, unsigned number);

/* Somebody may find a stack now: it is worth a try. */
void sched_starved_hope(void);

/*
 * A starved task that can begin on the worker, whose runner stands on a stack of the default size;
 * with a stack of its own size, if it wants another. NULL: there is none, or no stack for any.
 * Nothing is tried while nothing has come back since the last time, unless the caller `insists`.
 */
struct keel_task *sched_take_starved(struct sched_worker *worker, bool insists);

/* Gives away what this worker can spare, to whoever sleeps for want of a stack. */
void sched_serve_starved(struct sched_worker *worker);

/* ---- around the function (unusual.c) */

/* An unusual task's function is about to be called, on its stack; it has returned. */
void sched_unusual_begin(struct keel_task *task);
void sched_unusual_end(struct keel_task *task);

/* For a task that has returned from its function, and has SCHED_UNUSUAL_THREAD: a panic. */
void sched_never_ended(void);

/*
 * As sched_park, for a task that parks in another way; and as most do (create.c, run.c). Without
 * keel_task_create those are the ones that have a thread of their own.
 */
void sched_hook_unusual_park(enum sched_wait_reason reason, const void *object, sched_step *step,
                             void *data);
void sched_park_usually(enum sched_wait_reason reason, const void *object, sched_step *step,
                        void *data);

/* The same, for a task that has a thread of its own. */
static inline void sched_park_on_thread(enum sched_wait_reason reason, const void *object,
                                        sched_step *step, void *data)
{
    /* RELAXED: as in sched_never_ended. */
    atomic_load(&sched.foreign, RELAXED)->park(reason, object, step, data);
}

/*
 * Calls fn(arg), which may park and may go deep: if the caller's stack is small, in a task with the
 * default stack, which it awaits, or, while it holds its thread, on its runner's stack (packed.c).
 */
void sched_hook_call_in_large(void *(*fn)(void *), void *arg);

/* Somebody has called keel_exit. Does not return if the stack is too small for it (packed.c). */
void sched_hook_exit(int status);

/* ---- the census (census.c) */

/* From now on all tasks are measured; at exit it prints. To be called before there is any task. */
void sched_census_start(void);

/* The task is about to begin; it has ended. Called on its own stack. */
void sched_census_begin(const struct keel_task *task);
void sched_census_end(struct keel_task *task);

/* It leaves its stack for good, and is not measured any more. On whatever stack. */
void sched_census_leave(struct keel_task *task);

#endif
