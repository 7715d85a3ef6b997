/*
 * Tasks on packed stacks (mem/packed.h): 1, 2 or 4 KiB, of which the program wants most.
 *
 * The goal: a million parked tasks at little more than a kilobyte each, and of that kilobyte this
 * library takes what its public calls need and not what can be had elsewhere.
 *
 * Rejected. A runner at the bottom of a packed stack, as of all others: there one picks, steals,
 * sleeps, reports; deferred steps of other tasks run there; all that would have to be made shallow,
 * or be called on another stack, and its frame alone takes a tenth. Public calls that go over to
 * another stack at once, each: a test and two switches in calls that need a hundred bytes.
 *
 * So such a task has no runner. It runs beside one, which waits on its own, large, stack:
 *     1. The runner comes upon the task: its `context` is NULL, always, so for all queues and
 *        picks it is one that has to be begun by a runner; where it parked lies in its stack.
 *     2. The runner sees to it that the worker has a spare, sets deep_stack to its own stack
 *        pointer by the switch itself, and goes over: to the function, or to where it parked.
 *     3. The task parks, or ends: it goes back to the runner that waits, on the same thread, for it
 *        never moved meanwhile.
 *     4. The runner does the deferred step, or what is to be done at an end, and picks the next.
 * So between the switch and the deferred step nothing else happens, as elsewhere, and nobody can
 * find the task before it has left its stack. Who parks elsewhere and picks such a task goes on in
 * a runner, as for a fresh one.
 *
 * What needs more than a public call may (HACKING.md has the bound, tests/sched/stack_need.t holds
 * it) is called by deep_hook_call on the runner's stack, below its frames: it must not park, so
 * that the stack is the runner's again before anybody else can come. keel_exit never returns, and
 * what it calls may park: so there the task takes over the runner's stack for good.
 *
 * A blocking call (blocking.c) takes the worker from the thread, and keel_thread_hold the thread
 * from the worker: the runner stays with the thread, and deep_stack with the thread's block, which
 * in the second case is another one then; both say how they part from it. So who has come back to a
 * runner asks anew for the worker. A held thread's waits run on the runner's stack too: the task
 * stays where it is meanwhile.
 *
 * So such a task needs two stacks, and may find either missing. It starves first for the one, then
 * for the other: without a spare for its worker among those that want the default size, even when
 * it has parked before, for a runner begins or goes on with it alike; without a place of its own in
 * a queue for that. A place it keeps from then on, and who finds it among the first has the spare:
 * so it comes forward. Its runner has the default size, whatever others run there: who comes upon
 * it on a stack of another size goes over first (create.c).
 *
 * What a task writes beyond its stack is found at each park and at its end, before anybody else
 * runs on the thread, and by whom it was written over when that one goes on.
 */
#include "sched/packed.h"

#include "backtrace/backtrace.h"
#include "base/deep.h"
#include "base/panic.h"
#include "boot/boot.h"
#include "sched/finish.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"

/* ---- overflow */

static void line_how(struct line *line, const struct keel_task *task)
{
    line_text(line, " its stack of ");
    line_number(line, mem_packed_size(sched_packed_number(task)));
    line_text(line, " bytes, spawned at ");
    line_hex(line, (uintptr_t)task->spawn_site);
    line_text(line, "; give it a larger stack_size (KEEL_STACKS=1 shows what tasks use)");
}

static void fill_overflow(struct line *line, const void *task)
{
    line_task(line, task);
    line_text(line, " used more than");
    line_how(line, task);
}

static void fill_damage(struct line *line, const void *task)
{
    line_text(line, "a task used more than its packed stack and wrote over ");
    line_task(line, task);
    line_text(line, ", which has above it");
    line_how(line, task);
}

/* On the task's own stack, so that the trace shows where it stands. */
void sched_packed_check(const struct keel_task *self)
{
    if (unlikely(!mem_packed_is_whole(self->stack)))
        panic_with(fill_overflow, self);
}

/* ---- on the packed stack */

void deep_hook_call(void (*fn)(void *), void *arg)
{
    void *stack = thread_block()->deep_stack;
    if (stack == NULL) {
        fn(arg);
        return;
    }
    thread_block()->deep_stack = NULL;
    arch_call_on(stack, fn, arg);
    thread_block()->deep_stack = stack; /* perhaps another block: keel_thread_hold */
}

bool backtrace_hook_leaves_stack(uintptr_t function)
{
    return function == (uintptr_t)arch_call_on;
}

void sched_hook_call_in_large(void *(*fn)(void *), void *arg)
{
    if (!sched_is_packed(sched_self())) {
        fn(arg);
        return;
    }
    keel_task *task = keel_task_create(fn, arg, NULL);
    if (task == NULL)
        panic("no memory for the task that runs a loop for one with a packed stack");
    keel_task_await(task, NULL);
}

/* RELAXED: as in set_hope (spare.c); somebody is woken for the task that is pushed next. */
static void release_stack(void *stack)
{
    mem_stack_release(stack);
    if (unlikely(sched_anyone_starved()))
        atomic_store(&sched.starved_hope, true, RELAXED);
}

/* Step 3. */
static inline void leave(struct keel_task *self)
{
    arch_context_switch(&self->stack->packed.context, thread_block()->deep_stack);
}

static _Noreturn void begin(void *data)
{
    struct keel_task *task = data;
    const void *place = (const void *)(uintptr_t)task->fn.call; /* before a timer lies there */
    sched_unusual_begin(task);
    void *result = task->fn.call(task->arg);
    sched_unusual_end(task);
    if (sched_float_control_checked && !sched_keeps_float_control(task))
        sched_float_control_check(task, "ended", place);
    sched_forks_check(0);
    task->arg = result;
    sched_packed_check(task);
    void *abandoned;
    task->stack->packed.context = NULL;
    arch_context_switch(&abandoned, thread_block()->deep_stack);
    __builtin_unreachable();
}

void sched_packed_park(enum sched_wait_reason reason, const void *object, sched_step *step,
                       void *data)
{
    struct sched_worker *worker = sched_worker();
    struct keel_task *self = sched_self();
    struct keel_task *chain = worker->forks.chain;
    debug_assert(worker->step == NULL);
    debug_assert(!sched_forks_pending(worker));
    debug_assert(thread_block()->deep_stack != NULL); /* what was called deep must not park */
    sched_set_parked(worker, self, reason, object);
    worker->forks.chain = NULL;
    worker->step = step;
    worker->step_task = self;
    worker->step_data = data;
    leave(self);
    sched_worker()->forks.chain = chain;
}

/*
 * Step g of blocking.c. The thread goes on on the stack of the runner that waits, from its top:
 * what that runner has there is not needed any more, and neither is the stack that is in hand.
 */
void **sched_hook_blocking_leave(struct sched_thread *thread)
{
    struct keel_task *self = thread->task;
    if (!sched_is_packed(self))
        return &self->context;
    sched_packed_check(self);
    deep_hook_call(release_stack, thread->stack);
    thread->stack = thread->runner;
    thread_block()->deep_stack = NULL;
    return &self->stack->packed.context;
}

/* ---- on the runner's */

static bool have_stack(struct keel_task *task)
{
    if (task->stack != NULL)
        return true;
    task->stack = mem_packed_take(sched_packed_number(task));
    if (task->stack == NULL)
        sched_starve(task, sched_stack_number(task));
    return task->stack != NULL;
}

static void go_over(struct keel_task *task)
{
    struct mem_stack *stack = task->stack;
    void **own = &thread_block()->deep_stack;
    if (!mem_packed_has_mark(stack))
        panic_with(fill_damage, task);
    sched_set_running(task);
    if (stack->packed.context == NULL)
        arch_context_start(own, mem_stack_top(stack), begin, task);
    else
        arch_context_switch(own, stack->packed.context);
    thread_block()->deep_stack = NULL;
    thread_block()->task = NULL;
}

void sched_packed_run(struct keel_task *task, struct mem_stack *runner)
{
    struct sched_worker *worker = sched_worker();
    /* What parks must not ask for a stack: not there. And keel_exit lets tasks take this one. */
    if (!sched_have_spare(worker)) {
        sched_starve(task, 0);
        return;
    }
    if (!have_stack(task))
        return;
    struct mem_stack *stack = task->stack;
    worker->thread->runner = runner;
    go_over(task);
    if (stack->packed.context == NULL) {
        void *result = task->arg;
        sched_finish(task, result);
        mem_packed_give(stack);
        if (unlikely(sched_anyone_starved()))
            sched_starved_hope();
        return;
    }
    sched_finish_switch(sched_worker()); /* perhaps another: blocking.c */
}

/* ---- the exit */

static void exit_here(void *status)
{
    keel_exit((int)(intptr_t)status);
}

void sched_hook_exit(int status)
{
    struct thread_block *block = thread_block();
    void *stack = block->deep_stack;
    if (stack == NULL)
        return;
    struct keel_task *self = sched_self();
    struct sched_thread *thread =
        block->blocking != NULL ? block->blocking : sched_worker()->thread;
    self->stack = thread->runner;
    self->stack->used = true;
    self->unusual &= (uint16_t)(SCHED_UNUSUAL_SIZE - 1 - SCHED_UNUSUAL_PACKED);
    thread->runner = NULL;
    block->deep_stack = NULL;
    arch_call_on(stack, exit_here, (void *)(intptr_t)status);
}
