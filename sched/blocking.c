/*
 * keel_blocking_begin, keel_blocking_end: a call that blocks its thread lends the thread's worker
 * to another one. lender.c has the threads.
 *
 * The goal: while tasks block in the kernel, the others go on, on as many workers as before; a call
 * that turns out to be short costs some nanoseconds, as most do; a process that is idle but for
 * such calls makes no system call; and there are not more threads than KEEL_BLOCKING_MAX says.
 *
 * What is lent. A worker (queues, timers, spare stacks, counts) is apart from the thread that runs
 * it (thread.h). So the number of workers, which each search and each look at the timers goes over,
 * stays what it is, however many calls block. Rejected: one more worker for each blocking call
 * (after five hundred calls at once each search would look into five hundred queues for ever, and
 * when they end there would be more running workers than CPUs); leaving the worker where it is for
 * others to steal from (that is not enough: on one worker nobody else is there, and on two one CPU
 * would be idle); to hand it over at once (8 us for the wake, and 28 until it runs, for calls that
 * mostly take less); to wait for work before it is handed over (each waker would have to look for
 * blocked workers, and none would cover the timers when all of them block).
 *
 * So a call only *offers* its worker, and the lender, a thread that is no worker, looks once in a
 * while (a millisecond; a tenth of one when work waits); what it sees offered in the same call
 * twice, it hands over to a spare thread, which looks for work like any worker, and sleeps like
 * any.
 *
 * `call` of the worker: odd while it is offered; each call has its own number. Who begins:
 *     1. turns its forked children into tasks; gives up the worker: the thread block has none;
 *     2. stores the call's number, odd, by an exchange, SEQ_CST;
 *     3. when `watches` is 0, SEQ_CST: sets it, and makes or wakes the lender.
 * Who ends:
 *     4. compare-and-swap of `call` from that number to the next: the worker is its own again.
 * The lender, having seen the number twice:
 *     t. has a spare thread in its hands, or makes one; under idle_lock in one go: compare-and-swap
 *        as in 4; counts the call as `lent` and as `outside`; ties worker and thread together;
 *     u. wakes the spare thread, which goes on as that worker.
 * Exactly one of 4 and t succeeds. When there is nothing to watch, the lender
 *     v. sets `watches` to 0, SEQ_CST; looks once more, and if a call is offered, sets it again;
 *     w. else sleeps on that word.
 * Nothing offered is overlooked: by the order of the four SEQ_CST accesses either step 3 sees the
 * 0, or the look in v sees the store of 2. (tests/model/blocking.pml explores all this.)
 *
 * Who finds, in step 4, that its worker was lent on, has a task on a thread without a worker:
 *     f. under idle_lock: if a worker sleeps (its own first), takes it off the list of sleepers, as
 *        who wakes it would, but runs it itself: no wake, no switch. Its thread, which goes on
 *        sleeping, is now a spare one, and finds that out when it wakes (sched_hook_spare). The
 *        call is no longer outside, the worker is awake.
 *     g. else leaves the task: on another stack, when its context is saved, the call leaves the
 *        count of those lent; it puts the task into the global queue; then, as who retires (r2, r3,
 *        r4 in idle.c), is no longer outside, and wakes a sleeper if there is one now. Then the
 *        thread is a spare one.
 * In f a worker may be taken only while its thread waits on its word (`sleeps`), or is on its way
 * to or from there: it has then looked at everything (step d of idle.c), and touches nothing of the
 * worker's until it has had idle_lock. Who takes it owes what the sleeper owed: it ends the cover
 * as if it had slept itself, and sees to it that somebody else covers (step 4 of timer.c); and if
 * the sleeper napped, looks into the slots, behind a fence, SEQ_CST, with step 2 of idle.c: who
 * relied on the nap put its task there before. And it has brought a spare stack, because a sleeper
 * has none, and the task may park at once (Invariant 1 of sched.h). While none can be had, for f or
 * g, the thread looks again and again (a task with a packed stack needs none in g). It counts as
 * outside, so nobody else gives the verdict then that nothing can go on: it gives it itself, when
 * all others sleep or rest as it does, and no timer is armed.
 *
 * Who exits within a call must come to its exit functions whatever others do, and they may park. If
 * f gives no worker, it makes one, beyond the number that there may be: the process is about to
 * end. (In g a task that computes for ever would keep it waiting for ever.)
 *
 * Why no wake-up is lost. Before t the worker is awake: it is counted so, and whoever sleeps relies
 * on nobody. All that is in its queues others may steal, and its timers they serve, as those of a
 * worker that computes. After t it has a thread. So whoever is blocked leaves nothing behind that
 * is not looked after, except where no thread can be made: then the worker is held, as by a task
 * that computes. And a call that ends makes its task findable, in g, by the idle protocol.
 *
 * A thread that sleeps or blocks looks after no heap. What comes home to that of a spare thread
 * others take in: it hands its heap on before it waits; in f who takes its worker does it for it.
 * A thread in a call keeps its own, because it may allocate: that waits until the call is over.
 *
 * Deadlock. A call may wake others when it ends; so nobody reports a deadlock while one is under
 * way. Before t its worker is awake; after t it counts in `outside` (idle.c).
 *
 * The limit. Calls under way are those lent and those offered. As long as the lent ones and all
 * workers together are below it, and nobody waits, no call can exceed it: no counting. Else who
 * begins counts, under the lock and idle_lock, and when there are too many it parks until one ends:
 * first come, first served. `waiting` counts who is in the queue, and who is at the gate: the
 * newcomer that counts, and those that were taken out of the queue and have not begun. Then
 *     somebody in the queue => calls under way + who is at the gate >= the limit, or somebody who
 *     has ended a call is about to take one out,
 * because who begins goes from the gate to the calls; a newcomer enters the queue when the sum is
 * too large, or behind others; and a newcomer is counted before it counts, SEQ_CST, while who ends
 * has left the calls, on each way, before it looks at `waiting`, SEQ_CST: one of them sees the
 * other. In g that is before the task can be found: it may run at once, let the next begin, and
 * that one would count its call still. (tests/model/blocking_limit.pml explores this.)
 *
 * Whoever looks at the number of lent calls, far from the limit, and offers after it was reached,
 * exceeds it: by one for each worker, at most. Then no thread is made for the last ones: they hold
 * their workers until calls end. A woken one that finds its place taken in this way goes back to
 * the head of the queue.
 *
 * Alone (base/alone.h), and nothing in the queues, no timer armed: nobody could do anything while
 * the only thread blocks. Then the call *holds* the worker: no lender is made, the process stays
 * alone. (A task that waits in the kernel cannot be overtaken by a signal handler: that makes no
 * task.)
 *
 * Foreign threads, and tasks that hold their thread (foreign.h), have no worker that others could
 * use: such a call offers nothing, and is only counted, for who ends one too many. The thread stays
 * its own, as it promised, and counts as outside like any that does not wait in a call of ours.
 *
 * A task with a packed stack (packed.c) keeps, in a call, the runner beside which it runs: that is
 * the thread's. In g that runner's stack is the one on which the thread goes on, from its top.
 *
 * A worker that is one too many by a quota that was read late (worker.c) is not lent on: it retires
 * when the call is over. Spare threads stay until the process ends; they sleep.
 */
#include "sched/blocking.h"

#include "base/deep.h"
#include "base/panic.h"
#include "base/process.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"
#include "sched/stuck.h"
#include "sched/unusual.h"

struct sched_lender sched_lender;

uint32_t sched_blocking_limit(void)
{
    return sched_option_blocking != 0 ? (uint32_t)sched_option_blocking : sched_blocking_default;
}

/* ---- how many at a time */

/* Calls under way. Caller holds the lock. */
static uint32_t count_calls(void)
{
    lock_acquire(&sched.idle_lock);
    uint32_t calls = sched_lender.lent;
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        /* SEQ_CST: with the compare-and-swap of step 4; see the limit. */
        calls += (uint32_t)(atomic_load(&sched.workers[i]->call, SEQ_CST) & 1);
    lock_release(&sched.idle_lock);
    return calls;
}

static void set_waiting(uint32_t waiting)
{
    atomic_store(&sched_lender.waiting, waiting, SEQ_CST); /* SEQ_CST: see the limit */
}

/* Step 2. */
static void offer(struct sched_thread *thread)
{
    /* SEQ_CST: see step 3, and the limit. */
    atomic_exchange(&thread->worker->call, thread->call, SEQ_CST);
}

/* Puts the caller to who waits: at the end, or, if it was woken already, at the head. */
static void queue_self(bool was_woken)
{
    struct queue *queue = &sched_lender.queue;
    struct keel_task *self = sched_self();
    if (!was_woken || queue->first == NULL) {
        queue_push(queue, self);
        return;
    }
    self->next = queue->first;
    /* RELAXED: others read neither. */
    atomic_store(&queue->first, self, RELAXED);
    atomic_store(&queue->length, queue->length + 1, RELAXED);
}

/* Of those who wait, how many are not, or no longer, in the queue. Caller holds the lock. */
static uint32_t count_at_the_gate(void)
{
    return sched_lender.waiting - (uint32_t)sched_lender.queue.length;
}

/*
 * Whether the caller, which is counted as one who waits, may begin: a newcomer behind who was
 * woken, and behind who is in the queue. Caller holds the lock.
 */
static bool may_begin(bool was_woken)
{
    uint32_t first = was_woken ? 1 : count_at_the_gate();
    return (was_woken || queue_looks_empty(&sched_lender.queue)) &&
           count_calls() + first <= sched_blocking_limit();
}

/* Step 1, the rest: from here on the thread has no worker. */
static void give_up(struct sched_thread *thread)
{
    thread->task->unusual |= SCHED_UNUSUAL_THREAD;
    thread->block->blocking = thread;
    thread->block->worker = NULL;
}

/*
 * Waits until there may be one call more, and begins it. Returns false when it waited: the task may
 * be on another thread now, and asks again.
 */
static bool offer_in_turn(struct sched_thread *thread, bool *was_woken)
{
    sched_before_park();
    lock_acquire(&sched_lender.lock);
    if (!*was_woken)
        set_waiting(sched_lender.waiting + 1);
    if (may_begin(*was_woken)) {
        set_waiting(sched_lender.waiting - 1);
        give_up(thread);
        offer(thread);
        lock_release(&sched_lender.lock);
        return true;
    }
    queue_self(*was_woken);
    *was_woken = true;
    sched_park(SCHED_WAIT_BLOCKING, NULL, sched_step_unlock, &sched_lender.lock);
    return false;
}

/* A call has ended: whoever waits longest to begin one may try. */
static void let_next(void)
{
    struct keel_task *task = NULL;
    lock_acquire(&sched_lender.lock);
    if (count_calls() + count_at_the_gate() < sched_blocking_limit())
        task = queue_pop(&sched_lender.queue);
    lock_release(&sched_lender.lock);
    if (task != NULL)
        sched_ready(task);
}

/* ---- begin */

/* Whether nobody could do anything while this thread blocks. */
static bool nobody_needs(void)
{
    return process_is_alone() && !sched_any_work(true) && !sched_anyone_starved() &&
           !sched_timers_armed();
}

static bool is_far_from_limit(void)
{
    /* RELAXED: the essay says by how much it may be wrong. */
    return atomic_load(&sched_lender.lent, RELAXED) + atomic_load(&sched.worker_count, RELAXED) <
               sched_blocking_limit() &&
           atomic_load(&sched_lender.waiting, RELAXED) == 0;
}

static struct sched_thread *prepare(struct sched_worker *worker)
{
    struct sched_thread *thread = worker->thread;
    thread->worker = worker;
    thread->task = sched_self();
    thread->chain = worker->forks.chain;
    thread->depth = 1;
    thread->call = worker->call + 1;
    return thread;
}

void keel_blocking_begin(void)
{
    struct sched_thread *outer = thread_block()->blocking;
    if (outer == NULL && unlikely(sched_worker()->is_foreign))
        outer = sched_worker()->thread;
    if (unlikely(outer != NULL)) {
        outer->depth++;
        return;
    }
    sched_settle_forks();
    bool was_woken = false;
    struct sched_thread *thread;
    for (;;) {
        thread = prepare(sched_worker());
        if (!was_woken && nobody_needs()) {
            thread->call = 0;
            give_up(thread);
            return;
        }
        if (likely(!was_woken && is_far_from_limit())) {
            give_up(thread);
            offer(thread);
            break;
        }
        if (offer_in_turn(thread, &was_woken))
            break;
    }
    /* 3. SEQ_CST: with v. */
    if (unlikely(atomic_load(&sched_lender.watches, SEQ_CST) == 0))
        sched_lender_begin();
}

/* ---- end */

/* Step 4. */
static bool take_back(struct sched_thread *thread)
{
    uint64_t call = thread->call;
    if (call == 0)
        return true;
    /* SEQ_CST: see the limit. */
    return atomic_compare_exchange(&thread->worker->call, &call, call + 1, SEQ_CST, ACQUIRE);
}

/* Weak: a program without packed stacks. */
__attribute__((weak)) void **sched_hook_blocking_leave(struct sched_thread *thread)
{
    return &thread->task->context;
}

/* Step g. Returns with a worker, on another thread, as a rule. */
static void leave(struct sched_thread *thread)
{
    struct keel_task *self = thread->task;
    bool keeps = sched_keeps_float_control(self);
    uint64_t own = keeps ? sched_float_control_leave() : 0;
    struct keel_task *chain = thread->chain;
    if (sched_float_control_checked && !keeps)
        sched_float_control_check(self, "blocked", __builtin_return_address(0));
    sched_note_wait(self, SCHED_TASK_PARKED, SCHED_WAIT_WORKER, NULL);
    void **place = sched_hook_blocking_leave(thread);
    arch_context_start(place, mem_stack_top(thread->stack), sched_lender_leave, thread);
    sched_worker()->forks.chain = chain;
    sched_after_switch();
    if (keeps)
        sched_float_control_return(own);
}

struct return_way {
    struct sched_thread *thread;
    bool has_worker;
};

/*
 * Until there is one. Tries are under idle_lock: so who sees all others resting, or asleep without
 * a deadline, has just tried in vain himself when nobody could give anything back any more.
 */
static struct mem_stack *wait_for_stack(void)
{
    struct mem_stack *stack;
    lock_acquire(&sched.idle_lock);
    sched.resting++;
    while ((stack = mem_stack_acquire()) == NULL) {
        bool dead = sched.awake == 0 && sched.outside == sched.resting && !sched_timers_armed() &&
                    !sched_any_work(true);
        lock_release(&sched.idle_lock);
        if (dead)
            sched_verdict(); /* or the kernel knows of threads that may still do something */
        process_rest();
        lock_acquire(&sched.idle_lock);
    }
    sched.resting--;
    lock_release(&sched.idle_lock);
    return stack;
}

/*
 * The stack is the worker's spare one in f, and the thread's to go on on in g. Who has a packed one
 * waits for none: in g it has its runner's.
 */
static void find_way(void *data)
{
    struct return_way *way = data;
    way->thread->stack = mem_stack_acquire();
    if (unlikely(way->thread->stack == NULL)) {
        if (sched_is_packed(way->thread->task))
            return;
        way->thread->stack = wait_for_stack();
    }
    way->has_worker = sched_lender_regain(way->thread);
}

/* Steps f and g. */
static void come_back(struct sched_thread *thread)
{
    struct return_way way = {.thread = thread};
    deep_hook_call(find_way, &way);
    if (!way.has_worker)
        leave(thread);
}

/* `exits`: it runs the exit functions next, and may not depend on others to get there. */
static void end(struct sched_thread *thread, bool exits)
{
    struct keel_task *self = thread->task;
    self->unusual &= (uint16_t)~SCHED_UNUSUAL_THREAD;
    if (likely(take_back(thread))) {
        thread->block->worker = thread->worker;
        thread->block->blocking = NULL;
    } else if (unlikely(exits)) {
        sched_lender_add_worker(thread);
    } else {
        come_back(thread);
    }
    /* SEQ_CST: see the limit. */
    if (unlikely(atomic_load(&sched_lender.waiting, SEQ_CST) != 0))
        let_next();
}

/* For a thread that had no worker to offer, or has no call to end. */
static __attribute__((noinline)) void end_without_worker(void)
{
    const struct sched_worker *worker = sched_worker();
    if (!worker->is_foreign || worker->thread->depth == 0)
        panic("keel_blocking_end without keel_blocking_begin");
    worker->thread->depth--;
}

void keel_blocking_end(void)
{
    struct sched_thread *thread = thread_block()->blocking;
    if (unlikely(thread == NULL))
        end_without_worker();
    else if (likely(--thread->depth == 0))
        end(thread, false);
}

/* ---- where a call does not end */

void sched_hook_never_ended(void)
{
    const struct sched_thread *thread = thread_block()->blocking;
    if (thread != NULL)
        panic_at("a task ended between keel_blocking_begin and keel_blocking_end",
                 thread->task->spawn_site);
}

void sched_hook_blocking_exit(bool is_first)
{
    end(thread_block()->blocking, is_first);
}
