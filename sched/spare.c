/*
 * A worker's spare stacks: what it takes when a task parks and nothing that was parked can go on.
 * Invariant 1 of sched.h lives here. Tasks that may not begin for want of a stack are starved
 * (queue.c); whoever has a stack to spare gives it to the pool for them. Those that want another
 * size than the default have queues of their own (create.c): one that wants a gigabyte must not
 * keep others waiting.
 */
#include "base/panic.h"
#include "sched/fork_hooks.h"
#include "sched/unusual.h"

enum { stacks_kept = 16 }; /* a worker's cache; more go to the shared pool */

static struct mem_stack *get_stack(struct sched_worker *worker)
{
    struct mem_stack *stack = NULL;
    if (worker->stack_promise != 0)
        stack = mem_stack_promise_keep(worker->stack_promise);
    worker->stack_promise = 0;
    return stack != NULL ? stack : mem_stack_acquire();
}

bool sched_have_spare(struct sched_worker *worker)
{
    if (worker->stacks != NULL)
        return true;
    struct mem_stack *stack = get_stack(worker);
    if (stack == NULL)
        return false;
    stack->next = NULL;
    worker->stacks = stack;
    worker->stack_count = 1;
    return true;
}

bool sched_may_begin(struct sched_worker *worker)
{
    if (worker->stacks != NULL || worker->stack_promise != 0)
        return true;
    worker->stack_promise = mem_stack_promise();
    return worker->stack_promise != 0 || sched_have_spare(worker);
}

bool sched_can_park(void)
{
    return sched_have_spare(sched_worker());
}

void sched_get_spare(void)
{
    sched_settle_forks();
    if (likely(sched_can_park()))
        return;
    struct line line;
    panic_begin(&line);
    line_text(&line, "no memory for a task stack");
    mem_stack_line(&line);
    panic_end(&line);
}

struct mem_stack *sched_take_spare(struct sched_worker *worker)
{
    struct mem_stack *stack = worker->stacks;
    worker->stacks = stack->next;
    worker->stack_count--;
    return stack;
}

__attribute__((weak)) struct queue *sched_hook_find_starved(void)
{
    return NULL;
}

static struct queue *find_starved(struct sched_worker *worker)
{
    if (!sched_anyone_starved())
        return NULL;
    if (!queue_looks_empty(&sched.starved) && sched_have_spare(worker))
        return &sched.starved;
    return sched_hook_find_starved();
}

struct keel_task *sched_take_starved(struct sched_worker *worker)
{
    struct queue *starved = find_starved(worker);
    return starved == NULL ? NULL : sched_starved_pop(starved);
}

bool sched_can_begin_starved(struct sched_worker *worker)
{
    return find_starved(worker) != NULL;
}

/* Gives away what this worker can spare, to whoever sleeps for want of a stack. */
void sched_serve_starved(struct sched_worker *worker)
{
    while (worker->stack_count > 1)
        mem_stack_release(sched_take_spare(worker));
    sched_wake_one(false);
}

/* The deferred step of a runner that gave up its stack, which is `data`. */
void sched_step_release_stack(struct keel_task *task, void *data)
{
    (void)task;
    struct sched_worker *worker = sched_worker();
    struct mem_stack *stack = data;
    if (worker->stack_count < stacks_kept && stack->size == &mem_stack_default) {
        stack->next = worker->stacks;
        worker->stacks = stack;
        worker->stack_count++;
    } else {
        mem_stack_release(stack);
        if (unlikely(sched_anyone_starved()))
            sched_wake_one(false);
    }
    if (unlikely(!queue_looks_empty(&sched.starved)))
        sched_serve_starved(worker);
}

void sched_share_stacks(struct sched_worker *worker)
{
    while (worker->stacks != NULL)
        mem_stack_release(sched_take_spare(worker));
    if (worker->stack_promise != 0)
        mem_stack_promise_return(worker->stack_promise);
    worker->stack_promise = 0;
}
