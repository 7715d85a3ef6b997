/*
 * keel_thread_hold: the calling task stays on this kernel thread, and no other task runs on it,
 * until keel_thread_let.
 *
 * The goal. What a program changes of a thread (its namespaces, its credentials, its name) must not
 * become other tasks', and must not be left behind when the task waits; and no worker less serves
 * the others meanwhile.
 *
 * Rejected: a task that only its worker may run (others would run on the changed thread while it
 * waits); a worker that sleeps while its task waits (what stands in its queues waits too, and where
 * all workers are held nothing runs).
 *
 * How. A worker is no thread: it is queues, a thread block and a signal stack, which a thread
 * serves. So the worker goes over to a new thread, which begins with a runner on a spare stack; and
 * the calling thread becomes one that is no worker (foreign.c), with the task's stack and
 * descriptor as they are. So there is a thread more for each task that holds one, and as many
 * workers as before: where all workers' tasks hold their threads, there are that many workers
 * besides. A process of one worker has two threads from the first hold on.
 *     1. What may fail is had: memory for what such a thread has, a spare stack. What the task has
 *        forked becomes tasks; its chain of unjoined children goes with it.
 *     2. The thread takes its new block and signal stack; it counts as outside. From here on it
 *        touches nothing of the worker's.
 *     3. A new thread is cloned, with the worker's block as its thread pointer: it takes the
 *        worker's signal stack, notes its own number, and runs. The worker was awake before and
 *        after; others have seen nothing. Where no thread can be made, all is undone.
 * A new thread has what its maker has: so a held thread makes no workers, which would have what was
 * changed of it, but asks for them (maker.c). The worker's new thread has what the old one had
 * before; but who made the old one may still be sending it to another CPU (place.c), for a moment:
 * that must be over before the clone, which would keep that for good.
 *
 * Thread-local variables are the worker's, as everywhere: the task finds others after the call.
 *
 * Let. The task parks, as any, and is found in the global queue. The runner that a park begins
 * where there is nothing to go on with is begun on the thread's signal stack, and its deferred step
 * pushes the task, gives back what the thread had, and ends it: it does not return to the runner.
 * So that the park finds nothing to go on with, ring and slot are empty, and no pick is due that
 * looks elsewhere.
 *
 * A task with a packed stack (packed.c) runs beside a runner, which goes with it: that runner's
 * stack is the thread's while it is held. Its park goes over to that runner, which runs the step;
 * that goes on to the signal stack, so that the runner's can be given back.
 *
 * The thread that a process begins with must not end before it: the kernel would take /proc/self
 * from the others. It waits for the end of the process instead, which costs nothing but itself.
 */
#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "base/deep.h"
#include "base/panic.h"
#include "base/process.h"
#include "sched/float_control.h"
#include "sched/foreign_thread.h"
#include "sched/fork_hooks.h"
#include "signal/signal.h"

static void take_signal_stack_of(const struct thread_block *block)
{
    if (block->alternate_stack != NULL)
        signal_thread_start(block->alternate_stack, signal_stack_size());
}

/* ---- hold */

/* Step 3, on the new thread. */
static _Noreturn void serve_worker(void *stack)
{
    struct sched_worker *worker = sched_worker();
    sched_float_control_begin();
    take_signal_stack_of(worker->block);
    /* RELEASE: with the ACQUIRE in sched_place_thread. */
    atomic_store(&worker->place.thread, sched_thread_number(), RELEASE);
    sched_runner(stack);
}

/* Step 2. False: the kernel sets no thread pointer. */
static bool leave_worker(struct foreign_thread *thread, struct sched_worker *worker,
                         struct keel_task *self)
{
    if (!foreign_set_pointer(thread->worker.block))
        return false;
    if (sched_is_packed(self))
        thread->worker.thread->runner = worker->thread->runner;
    thread->worker.forks.chain = worker->forks.chain;
    worker->forks.chain = NULL;
    worker->block->task = NULL;
    signal_thread_start(thread->alternate, thread->alternate_size);
    foreign_enter(thread, self);
    return true;
}

static void return_to_worker(struct foreign_thread *thread, struct sched_worker *worker,
                             struct keel_task *self)
{
    foreign_leave(thread, self);
    foreign_count_gone();
    foreign_give_back(thread);
    foreign_set_pointer(worker->block);
    worker->forks.chain = thread->worker.forks.chain;
    worker->block->task = &self->identity;
    take_signal_stack_of(worker->block);
}

static int hold(struct keel_task *self)
{
    foreign_announce();
    struct foreign_thread *thread = sched_can_park() ? foreign_make(0) : NULL;
    if (thread == NULL)
        return -ENOMEM;
    sched_settle_forks();
    struct sched_worker *worker = sched_worker();
    sched_place_settle(worker);
    struct mem_stack *stack = sched_take_spare(worker);
    thread->kind = FOREIGN_HELD;
    thread->number = sched_thread_number();
    thread->holds = 1;
    bool left = leave_worker(thread, worker, self);
    if (left && sched_thread_clone(stack, worker->block, serve_worker, stack) > 0)
        return 0;
    if (left)
        return_to_worker(thread, worker, self);
    stack->next = worker->stacks;
    worker->stacks = stack;
    worker->stack_count++;
    foreign_unmake(thread);
    return -EAGAIN;
}

static void hold_deep(void *result)
{
    *(int *)result = hold(sched_self());
}

int keel_thread_hold(void)
{
    int result;
    if ((sched_self()->unusual & SCHED_UNUSUAL_THREAD) != 0) {
        foreign_self()->holds++;
        return 0;
    }
    deep_hook_call(hold_deep, &result);
    return result;
}

/* ---- let */

/* On the thread's signal stack. */
static void end_thread(void *data)
{
    struct foreign_thread *thread = data;
    uint64_t all = UINT64_MAX;
    struct mem_stack *runner = thread->worker.thread->runner;
    if (runner != NULL)
        sched_give_stack(runner);
    foreign_give_back(thread);
    bool is_first = thread->number == (int32_t)arch_syscall0(__NR_getpid);
    if (is_first)
        atomic_fetch_add(&sched_threads_besides, 1, RELAXED); /* RELAXED: see announce.c */
    foreign_count_gone();
    arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
    if (is_first)
        process_wait_for_end();
    arch_thread_end(thread->memory, thread->size);
}

/*
 * The deferred step of the task's park: on the thread's signal stack, or on that of the runner
 * beside which a packed task has run, which goes back to the pool.
 */
static void step_let(struct keel_task *task, void *data)
{
    struct foreign_thread *thread = data;
    sched_global_push(task);
    sched_wake_one(false);
    if (thread->worker.thread->runner != NULL)
        arch_call_on(mem_stack_top(thread->worker.stacks), end_thread, thread);
    end_thread(thread);
}

/* The top of the signal stack, in the place of a spare stack. */
static struct mem_stack *last_stack(struct foreign_thread *thread)
{
    struct mem_stack *stack =
        (struct mem_stack *)(void *)(thread->alternate + thread->alternate_size) - 1;
    stack->next = NULL;
    stack->size = &mem_stack_default;
    stack->low = (uintptr_t)thread->alternate + arch_page_size;
    return stack;
}

void keel_thread_let(void)
{
    struct keel_task *self = sched_self();
    if ((self->unusual & SCHED_UNUSUAL_THREAD) == 0 || foreign_self()->holds == 0)
        panic("keel_thread_let without keel_thread_hold");
    struct foreign_thread *thread = foreign_self();
    if (--thread->holds > 0)
        return;
    if (thread->kind != FOREIGN_HELD)
        return;
    if (sched_is_packed(self) && thread_block()->deep_stack == NULL)
        panic("keel_thread_let in a loop's body, which runs on the thread that it is to let");
    foreign_leave(thread, self);
    thread->worker.stacks = last_stack(thread);
    thread->worker.ready.head = thread->worker.ready.tail;
    thread->worker.pick_count = 1; /* nor will the next look into the global queue (pick.c) */
    sched_park(SCHED_WAIT_YIELD, NULL, step_let, thread);
}
