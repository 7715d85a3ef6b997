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
 *     2. The runner sets deep_stack to its own stack pointer by the switch itself, and goes over:
 *        to the function, or to where it parked.
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
 * what it calls may park: so there the task takes over the runner's stack for good. A loop of
 * keel_parallel_for may park too: another task runs it, which this one awaits. But who holds its
 * thread has promised not to leave it, and waits where it stands: so its loop runs on the runner's
 * stack, and must not let the thread.
 *
 * A blocking call (blocking.c) takes the worker from the thread, and keel_thread_hold the thread
 * from the worker: the runner stays with the thread, and deep_stack with the thread's block, which
 * in the second case is another one then; both say how they part from it. So who has come back to a
 * runner asks anew for the worker. A held thread's waits run on the runner's stack too: the task
 * stays where it is meanwhile.
 *
 * Such a task starves only before it begins, for its own stack: its park takes no spare of the
 * worker's (Invariant 1), so who has a place goes on wherever a runner comes upon it. (Rejected: to
 * have a spare beforehand, as elsewhere. Where memory is short packed stacks take the last of it,
 * and then none that has a place could go on.) keel_thread_hold asks for a stack and may fail; exit
 * functions that park have it as main has. Its runner has the default size, whatever others run
 * there: who comes upon it on a stack of another size goes over first (create.c).
 *
 * What a task writes beyond its stack is looked for before it parks, when its trace still shows
 * where, and by the runner that it went over to, before the deferred step: the park's own frames
 * lie deeper, and its context must not lie below the stack. A stack's own mark is looked at first,
 * when its task goes on, parks or ends, and when it is taken anew: without it nothing that the
 * header says is believed. Who wrote over it has, as a rule, the stack above: the task is looked
 * for by that.
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

struct search {
    const struct mem_stack *stack;
    const struct keel_task *found;
};

static void find_user(struct keel_task *task, void *data)
{
    struct search *search = data;
    /* RELAXED: another may change it just now. */
    if (atomic_load(&task->stack, RELAXED) == search->stack)
        search->found = task;
}

/* Who has the stack above it, of the same size. Only tasks are looked at: it may not be there. */
static void line_writer(struct line *line, const struct mem_stack *stack, unsigned number)
{
    const char *top = (const char *)(stack + 1) + mem_packed_size(number);
    struct search search = {.stack = (const struct mem_stack *)(const void *)top - 1};
    sched_task_each(find_user, &search);
    line_text(line, " was written over from above, where ");
    if (search.found == NULL) {
        line_text(line, "no task has one now: which did is not known");
        return;
    }
    line_task(line, search.found);
    line_text(line, " has");
    line_how(line, search.found);
}

static void fill_damage(struct line *line, const void *data)
{
    const struct keel_task *task = data;
    line_text(line, "the packed stack of ");
    line_task(line, task);
    line_text(line, ", spawned at ");
    line_hex(line, (uintptr_t)task->spawn_site);
    line_text(line, ",");
    line_writer(line, task->stack, sched_packed_number(task));
}

struct free_stack {
    const struct mem_stack *stack;
    unsigned number;
};

static void fill_free_damage(struct line *line, const void *data)
{
    const struct free_stack *damaged = data;
    line_text(line, "a packed stack that is free");
    line_writer(line, damaged->stack, damaged->number);
}

void mem_hook_packed_damaged(const struct mem_stack *stack, unsigned number)
{
    struct free_stack damaged = {stack, number};
    panic_with(fill_free_damage, &damaged);
}

static inline void check(const struct keel_task *task, uintptr_t lowest)
{
    const struct mem_stack *stack = task->stack;
    if (unlikely(!mem_packed_has_mark(stack)))
        panic_with(fill_damage, task);
    if (unlikely(lowest < stack->low || !mem_packed_is_whole(stack)))
        panic_with(fill_overflow, task);
}

/* On the task's own stack, so that the trace shows where it stands. */
void sched_packed_check(const struct keel_task *self)
{
    check(self, UINTPTR_MAX);
}

/* ---- on the packed stack */

/* noinline: tools/stack-need must not take what it calls for a call on the caller's stack. */
__attribute__((noinline)) void deep_hook_call(void (*fn)(void *), void *arg)
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

struct large_call {
    void *(*fn)(void *);
    void *arg;
};

static void run_large(void *data)
{
    const struct large_call *own = data;
    own->fn(own->arg);
}

/* Who holds its thread stays on it, and waits there where it stands, on the runner's stack. */
void sched_hook_call_in_large(void *(*fn)(void *), void *arg)
{
    const struct keel_task *self = sched_self();
    if (!sched_is_packed(self)) {
        fn(arg);
        return;
    }
    if ((self->unusual & SCHED_UNUSUAL_THREAD) != 0) {
        struct large_call own = {fn, arg};
        deep_hook_call(run_large, &own);
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

/* Apart from `begin`, whose frame lies above all that the task calls. */
static __attribute__((noinline)) _Noreturn void end(struct keel_task *task, void *result,
                                                    const void *place)
{
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

static _Noreturn void begin(void *data)
{
    struct keel_task *task = data;
    const void *place = (const void *)(uintptr_t)task->fn.call; /* before a timer lies there */
    sched_unusual_begin(task);
    end(task, task->fn.call(task->arg), place);
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
 * what that runner has there is not needed any more, and neither is the stack that is in hand, if
 * one was to be had.
 */
void **sched_hook_blocking_leave(struct sched_thread *thread)
{
    struct keel_task *self = thread->task;
    if (!sched_is_packed(self))
        return &self->context;
    check(self, (uintptr_t)__builtin_frame_address(0));
    if (thread->stack != NULL)
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
    if (unlikely(!mem_packed_has_mark(stack)))
        panic_with(fill_damage, task);
    sched_set_running(task);
    if (stack->packed.context == NULL)
        arch_context_start(own, mem_stack_top(stack), begin, task);
    else
        arch_context_switch(own, stack->packed.context);
    thread_block()->deep_stack = NULL;
    if (stack->packed.context != NULL)
        check(task, (uintptr_t)stack->packed.context); /* once more: the park went deeper */
    thread_block()->task = NULL;
}

void sched_packed_run(struct keel_task *task, struct mem_stack *runner)
{
    if (!have_stack(task))
        return;
    struct mem_stack *stack = task->stack;
    sched_worker()->thread->runner = runner;
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

/* What it uses from here on is not of its own stack. */
static void leave_census(void *task)
{
    sched_census_leave(task);
}

/* The body of a loop, on a held thread, stands on the runner's stack already. */
void sched_hook_exit(int status)
{
    struct thread_block *block = thread_block();
    struct keel_task *self = sched_self();
    if (block->task == NULL || !sched_is_packed(self))
        return;
    void *stack = block->deep_stack;
    struct sched_thread *thread =
        block->blocking != NULL ? block->blocking : sched_worker()->thread;
    if ((self->unusual & SCHED_UNUSUAL_MEASURED) != 0)
        deep_hook_call(leave_census, self);
    self->stack = thread->runner;
    self->stack->used = true;
    self->unusual &= (uint16_t)(SCHED_UNUSUAL_SIZE - 1 - SCHED_UNUSUAL_PACKED);
    thread->runner = NULL;
    block->deep_stack = NULL;
    if (stack != NULL)
        arch_call_on(stack, exit_here, (void *)(intptr_t)status);
}
