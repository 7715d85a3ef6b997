/*
 * keel_task_create, and what its options bring along: tasks with stacks of other sizes than the
 * default.
 *
 * The goal: such a task has a stack of its size from its begin on and gives it back at its end, as
 * the others do, and those pay nothing for it. Everything that stands on a stack of a size stays
 * what it is elsewhere: a runner at the bottom, which takes the next task.
 *
 * Rejected. The stack is taken when the task is created: a million tasks that are created before
 * the first one runs would have a million stacks. A park goes over to a stack of the next task's
 * size at once: parking must never ask the kernel for memory (Invariant 1 of sched.h), and no
 * worker keeps a spare of each size. A small task runs on a large stack because that is free: if it
 * parks there, the large one is gone.
 *
 * So: a runner that is to begin a task runs it where it stands if the sizes agree. Else
 *     1. it takes a stack of the task's size, from that size's pool or the kernel, or the worker's
 *        spare when that is the default; there is none: the task starves, and the runner goes on;
 *     2. it hands the task to a new runner there, and goes over;
 *     3. the deferred step of that switch gives the runner's own stack up.
 * Tasks of one size that follow each other do not switch. A task that parks goes on in a runner on
 * the default spare, as all do, and from there in step 1.
 *
 * Starved tasks have a queue for each size. One can begin when a stack of its size is to be had:
 * that is tried, and what was got lies in the pool then. If another takes it first, the task
 * starves again, and somebody else has begun. Who finds nothing to do tries all sizes before it
 * sleeps, under idle_lock; so the verdict that nothing can go on stays exact (idle.c).
 */
#include "mem/stack_sizes.h"
#include "sched/float_control.h"
#include "sched/unusual.h"

_Static_assert(mem_stack_numbers *SCHED_UNUSUAL_SIZE <= UINT8_MAX + 1, "all sizes have numbers");

enum { stack_least = 1024 };

static bool is_valid(const keel_task_options *options)
{
    return (options->flags & ~KEEL_TASK_FP_CONTROL) == 0 &&
           (options->stack_size == 0 ||
            (options->stack_size >= stack_least && options->stack_size <= mem_stack_promise_most));
}

static void take_options(struct keel_task *task, const keel_task_options *options)
{
    task->identity.name = options->name;
    if (options->flags != 0)
        task->unusual |= SCHED_UNUSUAL_FLOAT;
    if (options->stack_size != 0)
        task->unusual |= (uint8_t)(mem_stack_number(options->stack_size) * SCHED_UNUSUAL_SIZE);
}

keel_task *keel_task_create(void *(*fn)(void *), void *arg, const keel_task_options *options)
{
    if (options != NULL && !is_valid(options))
        return NULL;
    struct keel_task *task = sched_task_make(__builtin_return_address(0));
    if (task == NULL)
        return NULL;
    task->fn.call = fn;
    task->arg = arg;
    if (options != NULL)
        take_options(task, options);
    /*
     * RELAXED: published by the queue. Who keeps its own control, or has a stack of its own size,
     * is no child for its awaiter.
     */
    atomic_store(&task->entry,
                 (task->unusual & ~SCHED_UNUSUAL_MEASURED) != 0 ? SCHED_ENTRY_NONE
                                                                : SCHED_ENTRY_QUEUED,
                 RELAXED);
    sched_start(task);
    return task;
}

/* ---- stacks of other sizes */

static struct queue starved[mem_stack_numbers]; /* under sched.queue_lock; [0] is not used */

/* Step 1. */
static struct mem_stack *take_stack(struct sched_worker *worker, unsigned number)
{
    if (number != 0)
        return mem_stack_acquire_of(mem_stack_size_of(number));
    return sched_have_spare(worker) ? sched_take_spare(worker) : NULL;
}

void sched_hook_change_stack(struct keel_task *task, struct mem_stack *stack)
{
    struct sched_worker *worker = sched_worker();
    unsigned number = sched_stack_number(task);
    struct mem_stack *other = take_stack(worker, number);
    if (other == NULL) {
        sched_starve_in(number == 0 ? &sched.starved : &starved[number], task);
        return;
    }
    void *abandoned;
    worker->handed = task;
    worker->step = sched_step_release_stack;
    worker->step_data = stack;
    arch_context_start(&abandoned, mem_stack_top(other), sched_runner, other);
}

struct queue *sched_hook_find_starved(void)
{
    for (unsigned number = 1; number < mem_stack_numbers; number++) {
        if (queue_looks_empty(&starved[number]))
            continue;
        struct mem_stack *stack = mem_stack_acquire_of(mem_stack_size_of(number));
        if (stack == NULL)
            continue;
        mem_stack_release(stack);
        return &starved[number];
    }
    return NULL;
}
