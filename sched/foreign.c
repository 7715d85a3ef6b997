/*
 * Threads that are no workers: foreign threads, which the program cloned itself or
 * keel_thread_start made (attach.c), and the threads that tasks hold (hold.c).
 *
 * The goal: every call that a task may make can be made from such a thread; the same queues of
 * waiters serve both, so either can wait for the other; and a program that has no such thread pays
 * no byte of this file, and on a fast path a load, a test and a branch where a task is readied
 * (sched_ready, sched_ready_next).
 *
 * Rejected: to hand each call over to a worker by a message, and wait for the answer (two wakes a
 * call, and no call could be made while all workers are busy); to make the thread a worker while it
 * waits (then tasks run on a thread that is not ours: with its credentials, its stack, its signal
 * mask; and it comes back late); waiters of another kind in every list (each list's code would know
 * of them).
 *
 * What it has. A foreign thread has what every thread of ours has (a thread block, variables, a
 * signal stack, later a heap), a task's descriptor, and a struct sched_worker. Both are only what
 * the room's code expects to find: the descriptor stands in lists of waiters, has a number and
 * shows in reports; the worker keeps free descriptors, counts, and takes no task: ring and deque
 * refuse every push, which then goes to the global queue, and it is not in sched.workers, so nobody
 * looks there. Where that is not enough the descriptor says so (`unusual`): a task that parks or is
 * awaited by it, and the end of a function that holds its thread.
 *
 * Making work findable. What it spawns or readies goes to the global queue; then steps 2 and 3 of
 * idle.c, by the same function as from a worker: whoever goes to sleep looks at the global queue
 * too (step d), so nothing is lost. A forked child is called at the fork (fork.c).
 *
 * Waiting. Where a task would park,
 *     1. it notes in its own_thread that it waits, and whether its wait has a deadline;
 *     2. it does what would be the deferred step: from there on it can be found and woken. (Its
 *        stack is in use, but nobody switches to it: who wakes it stores one word.)
 *     3. without a deadline: counts itself no longer outside (idle.c), and if nobody is left who
 *        could make work, and nothing is left to do, reports the deadlock;
 *     4. waits on own_thread, a futex, until it says that it runs.
 * 2 to 4 are deep_hook_calls: a packed task that holds its thread has no room for them (packed.c).
 * Who has the right to wake it (the same lists, locks and claims as for a task)
 *     a. if it waits without a deadline, counts it outside;
 *     b. stores in own_thread that it runs: RELEASE, with the ACQUIRE of 4;
 *     c. wakes who sleeps there. The descriptor may be another task's by then: who sleeps on a
 * futex looks at its word again.
 *
 * Why no wake is lost: own_thread is written in 1, before anyone can find the thread, and then in b
 * alone, once. In 4 the kernel compares it with what 1 wrote before it lets the thread sleep.
 *
 * Why `outside` is right: each wait without a deadline takes one in 3 and gets one in a, in either
 * order. If a comes first the count is too high by one in between, by somebody who is counted: the
 * waker; so no verdict is missed, and none is given too early: the waker counts too. 3 lies behind
 * 2, because until then the thread may still find out that it need not wait (the awaited task has
 * ended), and nobody would wake it.
 *
 * A verdict is exact, as in idle.c: with idle_lock held and nobody counted, nobody can come to be;
 * queues and timers stand still. If there is something left to do, some worker is on its way to its
 * step d, and sees to it. Of stacks for starved tasks only a worker can tell: it is woken, looks,
 * and gives the verdict when it goes to sleep again. So it is when a thread goes for good, which is
 * still there when it is no longer counted.
 *
 * Deadlines. A wait with a deadline arms no timer: the kernel wakes the thread. Then it is both
 * sides of what timer.c describes: it takes the claim (or takes itself back from the awaited task's
 * `join`), and has timed out; or it was too late, and its waker is at a, b or c: it waits for b
 * without a deadline. It counts as outside meanwhile, because it will be.
 *
 * A thread that was cloned and is not yet attached is not counted; where there may be such (the
 * program announces threads itself), a verdict waits until all threads are known (announce.c).
 *
 * The time alone (base/alone.h) ends when threads are announced, or the first one is started or
 * held. A task does that, which stands between no plain load and its store; if the process is
 * alone, that task's worker is the only one, and no other thread runs code of ours. Whoever does so
 * later was cloned after that store, and the clone orders it. That is all that there is to fence.
 * What is noted once, by the only thread (the program's floating-point control), is noted here.
 */
#include "sched/foreign.h"

#include <linux/auxvec.h>

#include "base/deep.h"
#include "base/panic.h"
#include "base/process.h"
#include "boot/boot.h"
#include "mem/mem.h"
#include "mem/pages.h"
#include "sched/claim.h"
#include "sched/float_control.h"
#include "sched/foreign_thread.h"
#include "sched/owner.h"
#include "sched/stuck.h"
#include "signal/signal.h"

static struct {
    struct lock lock; /* guards what follows */
    struct list_node threads;
    uint32_t count;           /* of those */
    uint32_t entered;         /* how many have ever come */
    struct sched_counts gone; /* of threads that are no more */
} foreign;

/* ---- waking */

void foreign_count_outside(void)
{
    lock_acquire(&sched.idle_lock);
    sched.outside++;
    lock_release(&sched.idle_lock);
}

/* Steps a to c. */
static void wake_thread(struct keel_task *task)
{
    /* RELAXED: what it wrote before it could be found. */
    if (atomic_load(&task->own_thread, RELAXED) == FOREIGN_WAITS)
        foreign_count_outside();
    /* RELEASE: with the ACQUIRE in runs. */
    atomic_store(&task->own_thread, FOREIGN_RUNS, RELEASE);
    sched_word_wake(&task->own_thread);
}

static void push(void *task)
{
    sched_push_ready(sched_worker(), task);
    sched_wake_one(false);
}

static bool ready(struct keel_task *task)
{
    if ((task->unusual & SCHED_UNUSUAL_THREAD) != 0) {
        wake_thread(task);
        return true;
    }
    if (!sched_worker()->is_foreign)
        return false;
    deep_hook_call(push, task);
    return true;
}

/* ---- threads that may be on their way (announce.c) */

static int64_t (*look_for_unknown)(void); /* atomic; NULL: the program clones no threads itself */

static int64_t look(void)
{
    /* ACQUIRE: with the RELEASE in foreign_expect. */
    int64_t (*look_there)(void) = atomic_load(&look_for_unknown, ACQUIRE);
    return look_there == NULL ? 0 : look_there();
}

void foreign_expect(int64_t (*look_there)(void))
{
    atomic_store(&look_for_unknown, look_there, RELEASE); /* RELEASE: with the ACQUIRE above */
}

bool foreign_is_expected(void)
{
    /* RELAXED: whoever may rely on it was cloned since. */
    return atomic_load(&look_for_unknown, RELAXED) != NULL;
}

/* ---- waiting */

static bool runs(const struct keel_task *self)
{
    return atomic_load(&self->own_thread, ACQUIRE) == FOREIGN_RUNS; /* ACQUIRE: with step b */
}

/* Takes that from the count of who is outside. Returns whether nobody is left (idle.c); in *dead,
 * whether nothing is left to do either. */
static bool count_less(uint32_t less, bool *dead)
{
    lock_acquire(&sched.idle_lock);
    sched.outside -= less;
    bool last = sched_idle_is_over();
    *dead = last && !sched_anyone_starved() && !sched_any_work(true);
    lock_release(&sched.idle_lock);
    return last;
}

/* Step 3; and the same again later, when the caller is not counted any more. Returns when to ask
 * again. */
static int64_t ask(uint32_t less)
{
    bool dead;
    if (count_less(less, &dead) && sched_anyone_starved())
        sched_wake_one(false);
    return dead ? sched_verdict() : CLOCK_FOREVER;
}

void foreign_count_gone(void)
{
    bool dead;
    if (count_less(1, &dead) && (dead || sched_anyone_starved()))
        sched_wake_one(false);
}

/* Step 4. False: the deadline has come. */
static bool wait(struct keel_task *self, enum foreign_wait how, int64_t deadline)
{
    while (!runs(self)) {
        bool woken = sched_word_sleep(&self->own_thread, how, deadline);
        if (deadline != CLOCK_FOREVER && !woken && clock_now() >= deadline)
            return false;
    }
    return true;
}

/* Whether the thread itself ends its wait, whose deadline has come: then nobody will wake it. */
static bool ends_wait(struct keel_task *self)
{
    uintptr_t waiter = (uintptr_t)self;
    uintptr_t *join;
    switch (self->timer_end) {
    case SCHED_TIMER_SLEEP:
        return true;
    case SCHED_TIMER_AWAIT:
        join = (uintptr_t *)(uintptr_t)self->wait_object;
        /* RELAXED: as a timer's (timer.c). */
        if (!atomic_compare_exchange(join, &waiter, SCHED_JOIN_NONE, RELAXED, RELAXED))
            return false;
        atomic_store(&self->claim, SCHED_CLAIM_TIMER, RELAXED); /* RELAXED: our own from here on */
        return true;
    default:
        return sched_claim_take(self, SCHED_CLAIM_TIMER);
    }
}

static void wait_until(struct keel_task *self)
{
    if (wait(self, FOREIGN_WAITS_UNTIL, self->timer.deadline))
        return;
    if (ends_wait(self))
        sched_count(&sched_worker()->counts.wakes); /* as of one whom a timer wakes */
    else
        wait(self, FOREIGN_WAITS_UNTIL, CLOCK_FOREVER);
}

/* If the awaited task has ended meanwhile, the caller wakes itself. */
static void step_await_until(struct keel_task *self, void *data)
{
    struct keel_task *awaited = data;
    uintptr_t none = SCHED_JOIN_NONE;
    /* RELEASE, ACQUIRE: as in step_await (await.c). */
    if (!atomic_compare_exchange(&awaited->join, &none, (uintptr_t)self, RELEASE, ACQUIRE)) {
        sched_count(&sched_worker()->counts.wakes);
        wake_thread(self);
    }
}

/* The step of a wait with a deadline would arm a timer: here is the same without one. */
static bool leave_out_timer(sched_step **step)
{
    if (*step == sched_step_sleep)
        *step = sched_step_none;
    else if (*step == sched_step_unlock_until)
        *step = sched_step_unlock;
    else if (*step == sched_step_await_until)
        *step = step_await_until;
    else
        return false;
    return true;
}

struct stay {
    struct keel_task *self;
    sched_step *step;
    void *data;
    bool has_deadline;
};

/* Steps 2 to 4; not on a packed stack, though the task leaves that no more than its thread. */
static void stay(void *data)
{
    const struct stay *own = data;
    own->step(own->self, own->data);
    mem_heap_collect();
    if (own->has_deadline) {
        wait_until(own->self);
    } else {
        int64_t again = ask(1);
        while (!wait(own->self, FOREIGN_WAITS, again))
            again = ask(0);
    }
}

static void park(unsigned reason, const void *object, sched_step *step, void *data)
{
    struct keel_task *self = sched_self();
    bool has_deadline = leave_out_timer(&step);
    sched_count(&sched_worker()->counts.parks[0]);
    sched_note_wait(self, SCHED_TASK_PARKED, reason, object);
    /* RELAXED: published by what makes the caller findable. */
    atomic_store(&self->own_thread, has_deadline ? FOREIGN_WAITS_UNTIL : FOREIGN_WAITS, RELAXED);
    struct stay own = {self, step, data, has_deadline};
    deep_hook_call(stay, &own);
    /* RELAXED: for reports; and nobody knows it as a waiter any more. */
    atomic_store(&self->state, SCHED_TASK_RUNNING, RELAXED);
    atomic_store(&self->own_thread, FOREIGN_RUNS, RELAXED);
}

/* ---- the threads */

static size_t bytes_below(size_t stack_size)
{
    return stack_size == 0 ? 0 : mem_stack_guard + stack_size + sizeof(struct mem_stack);
}

/* The stack's header is its own: it is in no pool. A guard that is refused leaves none. */
static void lay_out_stack(struct foreign_thread *thread, size_t below)
{
    struct mem_stack *stack = (struct mem_stack *)(void *)(thread->memory + below) - 1;
    stack->low = (uintptr_t)thread->memory + mem_stack_guard;
    stack->size = &mem_stack_default;
    page_protect(thread->memory, mem_stack_guard);
    thread->stack = stack;
}

struct foreign_thread *foreign_make(size_t stack_size)
{
    if (stack_size > SIZE_MAX / 2)
        return NULL;
    size_t below = round_up(bytes_below(stack_size), arch_page_size);
    size_t alternate_size = round_up(signal_stack_size(), arch_page_size);
    size_t thread_at = round_up(below + alternate_size + boot_tls_size(), arch_cache_line);
    size_t size = round_up(thread_at + sizeof(struct foreign_thread), arch_page_size);
    unsigned char *memory = page_map_stacks(size);
    if (memory == NULL)
        return NULL;
    struct foreign_thread *thread = (struct foreign_thread *)(void *)(memory + thread_at);
    struct thread_block *block = boot_tls_make(memory + below + alternate_size);
    thread->memory = memory;
    thread->size = size;
    thread->alternate = memory + below;
    thread->alternate_size = alternate_size;
    if (below != 0)
        lay_out_stack(thread, below);
    sched_worker_init(&thread->worker, block, 0);
    thread->worker.is_foreign = true;
    thread->worker.timers.next = CLOCK_FOREVER;
    thread->worker.stacks = &thread->no_stack;
    ring_refuse(&thread->worker.ready);
    thread->worker.fresh.refuses = true;
    block->go_on = 1;
    return thread;
}

void foreign_unmake(struct foreign_thread *thread)
{
    page_unmap(thread->memory, thread->size);
}

struct foreign_thread *foreign_self(void)
{
    return container_of(sched_worker(), struct foreign_thread, worker);
}

void foreign_enter(struct foreign_thread *thread, struct keel_task *task)
{
    task->unusual |= SCHED_UNUSUAL_THREAD;
    task->context = NULL; /* nobody switches to it */
    task->timer.link = NULL;
    atomic_store(&task->own_thread, FOREIGN_RUNS, RELAXED); /* RELAXED: nobody knows it yet */
    thread->worker.block->task = &task->identity;
    foreign_count_outside();
    lock_acquire(&foreign.lock);
    list_push_back(&foreign.threads, &thread->link);
    foreign.count++;
    foreign.entered++;
    lock_release(&foreign.lock);
}

/* Counts are read by others, RELAXED: numbers by themselves. */
static void add(struct sched_counts *sum, const struct sched_counts *counts)
{
    sum->spawned += atomic_load(&counts->spawned, RELAXED);
    sum->parks[0] += atomic_load(&counts->parks[0], RELAXED);
    sum->wakes += atomic_load(&counts->wakes, RELAXED);
}

static void add_counts(struct sched_counts *sum)
{
    lock_acquire(&foreign.lock);
    add(sum, &foreign.gone);
    for (struct list_node *node = foreign.threads.next; node != &foreign.threads; node = node->next)
        add(sum, &container_of(node, struct foreign_thread, link)->worker.counts);
    lock_release(&foreign.lock);
}

void foreign_leave(struct foreign_thread *thread, struct keel_task *task)
{
    lock_acquire(&foreign.lock);
    list_remove(&thread->link);
    foreign.count--;
    add(&foreign.gone, &thread->worker.counts);
    lock_release(&foreign.lock);
    task->unusual &= (uint16_t)~SCHED_UNUSUAL_THREAD;
    atomic_store(&task->own_thread, FOREIGN_NONE, RELAXED); /* RELAXED: it waits nowhere */
}

void foreign_give_back(struct foreign_thread *thread)
{
    mem_heap_release();
    sched_tasks_hand_on(&thread->worker);
}

bool foreign_set_pointer(void *block)
{
    enum { instruction_allowed = 1 << 1 }; /* as in boot/start.c */
    return arch_thread_pointer_set(block, (process_auxiliary(AT_HWCAP2, 0) & instruction_allowed) !=
                                              0) == 0;
}

/* ---- announced */

static _Noreturn void end_holding(void)
{
    panic("a task ends that holds its thread (keel_thread_hold without keel_thread_let)");
}

static const struct foreign_hooks hooks = {ready,       park, add_counts, foreign_want_worker,
                                           end_holding, look};

struct foreign_thread *foreign_find(int32_t number)
{
    struct foreign_thread *found = NULL;
    lock_acquire(&foreign.lock);
    struct list_node *node = foreign.threads.next;
    for (; node != NULL && node != &foreign.threads && found == NULL; node = node->next) {
        struct foreign_thread *thread = container_of(node, struct foreign_thread, link);
        /* RELAXED: who looks for its own has noted it. */
        if (atomic_load(&thread->number, RELAXED) == number)
            found = thread;
    }
    lock_release(&foreign.lock);
    return found;
}

uint32_t foreign_count(uint32_t *entered)
{
    lock_acquire(&foreign.lock);
    uint32_t count = foreign.count;
    *entered = foreign.entered;
    lock_release(&foreign.lock);
    return count;
}

void foreign_announce(void)
{
    if (atomic_load(&sched.foreign, RELAXED) == NULL) { /* RELAXED: see process_shared */
        sched_float_control_note(); /* with more than one worker, that was done */
        lock_acquire(&foreign.lock);
        if (foreign.threads.next == NULL)
            list_init(&foreign.threads);
        /* RELAXED: who needs it has it by a clone, or by what such a thread has published. */
        atomic_store(&sched.foreign, &hooks, RELAXED);
        lock_release(&foreign.lock);
        atomic_store(&process_shared, true, RELAXED); /* RELAXED: as above (base/alone.h) */
    }
    foreign_make_maker();
}
