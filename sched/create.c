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
 * So (packed stacks are otherwise: packed.c): a runner that is to begin a task runs it where it
 * stands if the sizes agree. Else
 *     1. it takes a stack of the task's size, from that size's pool or the kernel, or the worker's
 *        spare when that is the default; there is none: the task starves, and the runner goes on;
 *     2. it hands the task to a new runner there, and goes over;
 *     3. the deferred step of that switch gives the runner's own stack up.
 * Tasks of one size that follow each other do not switch. A task that parks goes on in a runner on
 * the default spare, as all do, and from there in step 1.
 *
 * A runner that stands on a stack of another size and finds no task in its own queues goes over to
 * the default spare in the same way, with no task, before it looks elsewhere. So nobody searches or
 * sleeps on such a stack, which another may be starved of.
 *
 * The spare is there (Invariant 1). Who goes over from the default gives up a stack that becomes
 * the spare: so a task of another size needs none to begin, and there is no moment at which it
 * needs a spare and its own stack and can have either, but not both. From then on the worker has a
 * spare whenever it runs a task that was begun so, or that has parked: the one parks by a spare
 * that is had beforehand (sched_before_park), and who goes on with a parked one gives up a stack
 * too. A promise of a spare is enough only for a task that begins on the default.
 *
 * A starved task is taken out of its queue by who holds a stack of its size for it (spare.c), and
 * has it from then on.
 */
#include "sched/float_control.h"
#include "sched/packed.h"
#include "sched/shelve.h"

/* Of less than a page there is nothing to gain. */
enum { stack_least = 1024, stack_least_shelved = arch_page_size + 1 };

static bool is_valid(const keel_task_options *options)
{
    bool is_shelved = (options->flags & KEEL_TASK_SHELVED) != 0;
    return (options->flags & ~(KEEL_TASK_FP_CONTROL | KEEL_TASK_SHELVED)) == 0 &&
           (options->stack_size == 0 ||
            (options->stack_size >= (is_shelved ? stack_least_shelved : stack_least) &&
             options->stack_size <= mem_stack_promise_most));
}

static void take_options(struct keel_task *task, const keel_task_options *options)
{
    task->identity.name = options->name;
    if ((options->flags & KEEL_TASK_FP_CONTROL) != 0)
        task->unusual |= SCHED_UNUSUAL_FLOAT;
    if ((options->flags & KEEL_TASK_SHELVED) != 0) {
        task->unusual |= SCHED_UNUSUAL_SHELVED;
        sched_shelve_start();
    }
    size_t size = options->stack_size;
    if (size != 0 && size <= mem_packed_most)
        task->unusual |=
            (uint16_t)(SCHED_UNUSUAL_PACKED +
                       (sched_packed_first + mem_packed_number(size)) * SCHED_UNUSUAL_SIZE);
    else if (size != 0)
        task->unusual |= (uint16_t)(mem_stack_number(size) * SCHED_UNUSUAL_SIZE);
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

/*
 * Step 1. What was starved has its stack already. What has a packed one goes on beside a runner on
 * the default.
 */
static struct mem_stack *take_stack(struct sched_worker *worker, struct keel_task *task)
{
    if (task == NULL || sched_stack_number(task) == 0 || sched_is_packed(task))
        return sched_take_spare(worker);
    struct mem_stack *stack = task->stack;
    return stack != NULL ? stack
                         : mem_stack_acquire_of(mem_stack_size_of(sched_stack_number(task)));
}

void sched_hook_change_stack(struct keel_task *task, struct mem_stack *stack)
{
    if (task != NULL && sched_is_packed(task) && stack->size == &mem_stack_default) {
        sched_packed_run(task, stack);
        return;
    }
    struct sched_worker *worker = sched_worker();
    struct mem_stack *other = take_stack(worker, task);
    if (other == NULL) {
        sched_starve(task, sched_stack_number(task));
        return;
    }
    void *abandoned;
    worker->handed = task;
    worker->step = sched_step_release_stack;
    worker->step_data = stack;
    arch_context_start(&abandoned, mem_stack_top(other), sched_runner, other);
}

static struct mem_stack *acquire(unsigned number)
{
    return number < sched_packed_first ? mem_stack_acquire_of(mem_stack_size_of(number))
                                       : mem_packed_take(number - sched_packed_first);
}

static void release(unsigned number, struct mem_stack *stack)
{
    if (number < sched_packed_first)
        mem_stack_release(stack);
    else
        mem_packed_give(stack);
}

static struct keel_task *take_starved_of(unsigned number)
{
    if (likely(!sched_starved_wait(number)))
        return NULL;
    struct mem_stack *stack = acquire(number);
    if (stack == NULL)
        return NULL;
    struct keel_task *task = sched_starved_pop(number);
    if (task != NULL)
        task->stack = stack;
    else
        release(number, stack); /* another took it */
    return task;
}

/* The sizes one after the other: none waits behind a steady flow of others. */
struct keel_task *sched_hook_take_starved(void)
{
    enum { others = sched_stack_numbers - 1 };
    static uint32_t last; /* atomic, a hint: RELAXED */
    uint32_t before = atomic_load(&last, RELAXED);
    for (uint32_t i = 0; i < others; i++) {
        uint32_t place = (before + 1 + i) % others;
        struct keel_task *task = take_starved_of(place + 1);
        if (task != NULL) {
            atomic_store(&last, place, RELAXED);
            return task;
        }
    }
    return NULL;
}

/* ---- parking */

static inline void park_by_stack(enum sched_wait_reason reason, const void *object,
                                 sched_step *step, void *data)
{
    if (sched_is_packed(sched_self()))
        sched_packed_park(reason, object, step, data);
    else
        sched_park_usually(reason, object, step, data);
}

/*
 * The task may return to another worker; which has the program's floating-point control, as the one
 * that it left.
 */
static __attribute__((noinline)) void park_keeping_float_control(enum sched_wait_reason reason,
                                                                 const void *object,
                                                                 sched_step *step, void *data)
{
    uint64_t own = sched_float_control_leave();
    park_by_stack(reason, object, step, data);
    sched_float_control_return(own);
}

/*
 * Who has a thread of its own stays on its stack: nobody is to take that away. The calls at the end
 * leave no frame: what is shelved is small.
 */
void sched_hook_unusual_park(enum sched_wait_reason reason, const void *object, sched_step *step,
                             void *data)
{
    struct keel_task *self = sched_self();
    if (sched_is_packed(self))
        sched_packed_check(self);
    if ((self->unusual & SCHED_UNUSUAL_THREAD) != 0) {
        sched_park_on_thread(reason, object, step, data);
        return;
    }
    bool keeps = sched_keeps_float_control(self);
    if (sched_float_control_checked && !keeps)
        sched_float_control_check(self, "parked", __builtin_return_address(0));
    if (sched_may_be_shelved(self))
        step = sched_shelving()->park(reason, step);
    if (keeps)
        park_keeping_float_control(reason, object, step, data);
    else
        park_by_stack(reason, object, step, data);
}
