/*
 * Picking, switching, parking. sched.h says how a runner works; here is what keeps it right.
 *
 * Every arrival on a stack after a switch (in sched_park, in sched_runner) first runs the deferred
 * step of the task that was left: only then can that task be found and woken. Between the switch
 * and that step nothing may park, and whatever lock the step releases is held: so what lies between
 * must be short. sched_before_park does beforehand what is long.
 *
 * Alone (base/alone.h) nobody could find the task before the switch but we, who have chosen the
 * next already: then the step is run before it.
 */
#include <asm/unistd.h>

#include "base/panic.h"
#include "sched/finish.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"
#include "sched/monitor.h"
#include "sched/pick.h"
#include "sched/shelve.h"
#include "sched/stuck.h"
#include "sched/unusual.h"

/* ---- switching */

static __attribute__((noinline)) void after_switch_with_step(struct sched_worker *worker)
{
    sched_finish_switch(worker);
    sched_timers_run(worker);
}

void sched_after_switch(void)
{
    struct sched_worker *worker = sched_worker();
    if (worker->step != NULL)
        after_switch_with_step(worker);
    else /* Here, because tasks that switch to each other directly never come by a runner. */
        sched_timers_run(worker);
}

static inline void set_running(struct thread_block *block, struct keel_task *task)
{
    block->task = &task->identity;
    /*
     * RELAXED: for reports; and stuck.c sees it with the number of whoever gets the descriptor that
     * the task recycles next: that is published by the RELEASE in sched_task_init.
     */
    atomic_store(&task->state, SCHED_TASK_RUNNING, RELAXED);
}

void sched_set_running(struct keel_task *task)
{
    set_running(thread_block(), task);
}

__attribute__((weak)) void sched_hook_change_stack(struct keel_task *task, struct mem_stack *stack)
{
    (void)task;
    (void)stack;
}

static void *call_function(struct keel_task *task)
{
    void *result = NULL;
    const void *place = (const void *)(uintptr_t)task->fn.call; /* before a timer lies there */
    if (unlikely(task->unusual != 0))
        sched_unusual_begin(task);
    if (task->returns_nothing)
        task->fn.call_detached(task->arg);
    else
        result = task->fn.call(task->arg);
    if (unlikely(task->unusual != 0))
        sched_unusual_end(task);
    if (sched_float_control_checked && !sched_keeps_float_control(task))
        sched_float_control_check(task, "ended", place);
    sched_forks_check(0);
    return result;
}

static void run_fresh(struct keel_task *task, struct mem_stack *stack)
{
    task->stack = stack;
    stack->used = true;
    sched_set_running(task);
    sched_finish(task, call_function(task));
}

_Noreturn void sched_runner(void *own_stack)
{
    struct mem_stack *stack = own_stack;
    const unsigned own = stack->size->number * SCHED_UNUSUAL_SIZE;
    sched_after_switch();
    for (;;) {
        /* Read anew each time: the task before may have moved this stack to another thread. */
        struct sched_worker *worker = sched_worker();
        struct keel_task *task = worker->handed;
        worker->handed = NULL;
        if (task == NULL || (task->context == NULL && !sched_may_begin(worker, task))) {
            if (task != NULL)
                sched_starve(task, 0);
            task = sched_find_work(worker, stack);
            worker = sched_worker(); /* the thread may have got another one, while it slept */
            if (unlikely(task == NULL))
                sched_worker_retire(worker, stack);
        }
        if (task->context == NULL) {
            if (likely((task->unusual ^ own) < SCHED_UNUSUAL_SIZE))
                run_fresh(task, stack);
            else
                sched_hook_change_stack(task, stack);
            continue;
        }
        if (sched_may_be_shelved(task))
            sched_shelving()->bring_back(task);
        worker->step = sched_step_release_stack;
        worker->step_data = stack;
        sched_set_running(task);
        void *abandoned;
        arch_context_switch(&abandoned, task->context);
    }
}

/*
 * Parks, whatever comes next: `next`, or if that is NULL, what the worker's queues say. noinline,
 * as the next: what most parks need not do costs them neither a frame nor a register.
 */
static __attribute__((noinline)) void park_at_leisure(enum sched_wait_reason reason,
                                                      const void *object, sched_step *step,
                                                      void *data, struct keel_task *next)
{
    struct sched_worker *worker = sched_worker();
    struct keel_task *self = sched_self();
    sched_set_parked(worker, self, reason, object);
    if (next == NULL)
        next = sched_pick_local(worker);
    if (process_is_alone()) {
        step(self, data);
    } else {
        worker->step = step;
        worker->step_task = self;
        worker->step_data = data;
    }
    if (next != NULL && next->context != NULL &&
        (!sched_may_be_shelved(next) || sched_shelving()->is_here(next))) {
        sched_set_running(next);
        arch_context_switch(&self->context, next->context);
    } else {
        struct mem_stack *stack = sched_take_spare(worker);
        thread_block()->task = NULL;
        worker->handed = next;
        arch_context_start(&self->context, mem_stack_top(stack), sched_runner, stack);
    }
    sched_after_switch();
}

/* For a task with unjoined children: they stay with its stack. At a switch the chain is empty. */
static __attribute__((noinline)) void
park_with_chain(enum sched_wait_reason reason, const void *object, sched_step *step, void *data)
{
    struct sched_worker *worker = sched_worker();
    struct keel_task *chain = worker->forks.chain;
    worker->forks.chain = NULL;
    park_at_leisure(reason, object, step, data, NULL);
    sched_worker()->forks.chain = chain;
}

/*
 * Most tasks that park have just handed something over to the next one, which lies in the slot and
 * has its stack, and hold one lock. For those: no call but the switch, nothing kept across it.
 */
void sched_park_usually(enum sched_wait_reason reason, const void *object, sched_step *step,
                        void *data)
{
    struct thread_block *block = thread_block(); /* ours until the switch */
    struct sched_worker *worker = block->worker;
    struct keel_task *self = container_of(block->task, struct keel_task, identity);
    debug_assert(worker->step == NULL);
    debug_assert(!sched_forks_pending(worker));
    if (sched_float_control_checked)
        sched_float_control_check(self, "parked", __builtin_return_address(0));
    if (unlikely(worker->forks.chain != NULL)) {
        park_with_chain(reason, object, step, data);
        return;
    }
    struct keel_task *next = NULL;
    if (likely(step == sched_step_unlock) || !process_is_alone())
        next = sched_pick_slot(worker);
    if (next == NULL || unlikely(next->context == NULL) || sched_may_be_shelved(next)) {
        park_at_leisure(reason, object, step, data, next);
        return;
    }
    sched_set_parked(worker, self, reason, object);
    if (process_is_alone()) {
        lock_release(data);
    } else {
        worker->step = step;
        worker->step_task = self;
        worker->step_data = data;
    }
    set_running(block, next);
    arch_context_switch(&self->context, next->context);
    sched_after_switch();
}

/* In a program without keel_task_create: the task has a thread of its own. */
__attribute__((weak)) void sched_hook_unusual_park(enum sched_wait_reason reason,
                                                   const void *object, sched_step *step, void *data)
{
    sched_park_on_thread(reason, object, step, data);
}

void sched_park(enum sched_wait_reason reason, const void *object, sched_step *step, void *data)
{
    const struct keel_task *self = sched_self();
    if (unlikely(sched_parks_unusually(self))) {
        sched_hook_unusual_park(reason, object, step, data);
        return;
    }
    sched_park_usually(reason, object, step, data);
}

void sched_step_unlock(struct keel_task *task, void *data)
{
    (void)task;
    lock_release(data);
}

void sched_step_none(struct keel_task *task, void *data)
{
    (void)task;
    (void)data;
}

void sched_push_ready(struct sched_worker *worker, struct keel_task *task)
{
    if (!ring_push(&worker->ready, task))
        sched_global_push(task);
}

/* Whether foreign.c has readied it. Alone, no thread has one to ready, nor is one (foreign.c). */
static inline bool ready_foreign(struct keel_task *task)
{
    /* RELAXED: whoever meets such a task, or is one, has it by what made them meet. */
    const struct foreign_hooks *foreign = atomic_load(&sched.foreign, RELAXED);
    return unlikely(foreign != NULL) && foreign->ready(task);
}

static __attribute__((noinline)) void ready_next_shared(struct sched_worker *worker,
                                                        struct keel_task *task)
{
    if (ready_foreign(task))
        return;
    /* ACQ_REL: RELEASE publishes the task's context to who takes it out in sched_take_next. */
    struct keel_task *before = atomic_exchange(&worker->next, task, ACQ_REL);
    if (before == NULL) {
        sched_wake_for_next();
    } else {
        sched_push_ready(worker, before);
        sched_wake_other(false);
    }
}

void sched_ready_next(struct keel_task *task)
{
    struct sched_worker *worker = sched_worker();
    sched_count(&worker->counts.wakes);
    if (!process_is_alone()) {
        ready_next_shared(worker, task);
        return;
    }
    /* RELAXED, both: alone. */
    struct keel_task *before = atomic_load(&worker->next, RELAXED);
    atomic_store(&worker->next, task, RELAXED);
    if (before != NULL)
        sched_push_ready(worker, before);
}

void sched_ready(struct keel_task *task)
{
    struct sched_worker *worker = sched_worker();
    sched_count(&worker->counts.wakes);
    if (!process_is_alone() && ready_foreign(task))
        return;
    sched_push_ready(worker, task);
    sched_wake_one(false);
}

void sched_ready_all(struct queue *tasks)
{
    struct sched_worker *worker = sched_worker();
    struct queue left = {.first = NULL};
    bool any = false;
    struct keel_task *task;
    while ((task = queue_pop(tasks)) != NULL) {
        sched_count(&worker->counts.wakes);
        if (!process_is_alone() && ready_foreign(task))
            continue;
        any = true;
        if (!ring_push(&worker->ready, task))
            queue_push(&left, task);
    }
    if (unlikely(left.first != NULL))
        sched_global_push_all(&left);
    if (any)
        sched_wake_one(false);
}

void sched_push_fresh(struct sched_worker *worker, struct keel_task *task)
{
    if (unlikely(!deque_push(&worker->fresh, task))) {
        /* RELAXED: published by the queue's lock. Whoever awaits it must not claim it there. */
        atomic_store(&task->entry, SCHED_ENTRY_NONE, RELAXED);
        sched_global_push(task);
    }
}

void sched_start(struct keel_task *task)
{
    sched_push_fresh(sched_worker(), task);
    sched_wake_one(true);
}

/* As sched_ready, but nobody was woken. */
static void step_yield(struct keel_task *task, void *data)
{
    (void)data;
    sched_push_ready(sched_worker(), task);
    sched_wake_one(false);
}

/* Nobody asks in this program: no yield comes by again. */
__attribute__((weak)) bool sched_hook_yield_asked(void)
{
    atomic_store(&thread_block()->go_on, 1, RELAXED); /* RELAXED: our own */
    return false;
}

/*
 * Two tasks that yield to each other, alone: no deferred step, and nothing to choose. False, and
 * nothing is done, when there is more to it.
 */
static bool yield_alone(struct sched_worker *worker, struct keel_task *self)
{
    if (!process_is_alone() || sched_parks_unusually(self) || sched_float_control_checked ||
        sched_forks_unjoined() != 0)
        return false;
    struct keel_task *next = sched_take_turns(worker, self);
    if (next == NULL)
        return false;
    sched_set_parked(worker, self, SCHED_WAIT_YIELD, NULL);
    sched_set_running(next);
    arch_context_switch(&self->context, next->context);
    sched_finish_switch(sched_worker()); /* timers were looked at before the switch */
    return true;
}

void keel_yield(void)
{
    struct sched_worker *worker = sched_worker();
    if (unlikely(worker->is_foreign)) {
        arch_syscall0(__NR_sched_yield);
        return;
    }
    /* RELAXED: the monitor's word, by itself. */
    bool asked =
        unlikely(atomic_load(&thread_block()->go_on, RELAXED) == 0) && sched_hook_yield_asked();
    if (unlikely(asked))
        sched_timers_run_all();
    else
        sched_timers_run(worker);
    if (yield_alone(worker, sched_self()))
        return;
    if (!sched_forks_pending(worker) && !sched_anyone_ready(worker, asked))
        return;
    sched_before_park();
    sched_park(SCHED_WAIT_YIELD, NULL, step_yield, NULL);
}
