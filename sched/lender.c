/*
 * The lender, which hands workers over whose tasks block, and the spare threads, to which it does.
 * blocking.c has the protocol; its step numbers are used here.
 *
 * The lender takes no signals, and runs no task; it counts neither as awake nor as outside: nobody
 * is woken by it but for what has been there already. It has gone to sleep when no call has been
 * offered for some twenty milliseconds, in which it looks twenty times; a wake for each further
 * call that comes so seldom costs less than looking on. A call that cannot be lent on, because no
 * thread can be made, it tries again, ever more seldom, and sleeps in between; one whose worker is
 * beyond the number of workers it leaves alone.
 *
 * A spare thread is one that the lender has made, or one that has left its task behind (step g), or
 * one whose worker was taken over while it slept (step f). The first two wait on a stack of their
 * own, at its bottom, and begin a runner there. The third stands in sched_idle_sleep, at the bottom
 * of which is a runner already, and returns to it with another worker.
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/futex.h>

#include "base/clock.h"
#include "base/deep.h"
#include "base/panic.h"
#include "boot/boot.h"
#include "mem/mem.h"
#include "sched/blocking.h"
#include "sched/float_control.h"
#include "sched/owner.h"
#include "sched/side.h"
#include "sched/watchdog.h"
#include "signal/signal.h"

enum {
    look_pause = 1000 * 1000, /* nanoseconds */
    look_pause_work = 100 * 1000,
    refused_least = 20 * 1000 * 1000, /* no thread can be made, or the limit is reached */
    refused_most = 32 * refused_least,
    looks_most = 20,         /* in a row that find nothing */
    stack_bytes = 32 * 1024, /* it may be the one that reads the quota (quota.c) */
    calls_between_tries = 1000,
};

static struct {
    uint64_t signal_mask; /* of the thread that made it: its threads' */
    struct thread_block block;
    _Alignas(arch_cache_line) unsigned char stack[stack_bytes];
} lender;

/* ---- spare threads */

/* Caller holds idle_lock. */
static void push_spare(struct sched_thread *thread)
{
    thread->next = sched_lender.spares;
    sched_lender.spares = thread;
}

static struct sched_thread *pop_spare(void)
{
    lock_acquire(&sched.idle_lock);
    struct sched_thread *thread = sched_lender.spares;
    if (thread != NULL)
        sched_lender.spares = thread->next;
    lock_release(&sched.idle_lock);
    return thread;
}

/* The thread has a worker again: what its block tells of one is the new one's. */
static void begin_worker(struct sched_thread *thread, struct sched_worker *worker)
{
    struct thread_block *block = thread->block;
    block->worker = worker;
    block->blocking = NULL;
    /* RELAXED: our own worker's, and our own; both words say that somebody has asked. */
    block->fork_head = atomic_load(&worker->forks.base, RELAXED);
    atomic_store(&block->fork_limit, NULL, RELAXED);
    atomic_store(&block->go_on, 0, RELAXED);
    /* RELEASE: with the ACQUIRE in sched_place_thread; nobody places it while it is awake. */
    atomic_store(&worker->place.thread, sched_thread_number(), RELEASE);
}

/* Waits for a worker. */
static void wait_for_worker(struct sched_thread *thread)
{
    mem_heap_release();
    while (!sched_thread_is_woken(thread))
        sched_thread_sleep(thread, CLOCK_FOREVER);
    thread->is_spare = false; /* who sets it finds the worker asleep, which it is later */
    begin_worker(thread, thread->given);
}

void sched_hook_spare(struct sched_thread *thread)
{
    wait_for_worker(thread);
}

static _Noreturn void go_on(struct sched_thread *thread)
{
    struct mem_stack *stack = thread->stack;
    wait_for_worker(thread);
    sched_runner(stack);
}

/* The first code on a spare thread. */
static _Noreturn void spare_begin(void *arg)
{
    struct sched_thread *thread = arg;
    sched_float_control_begin();
    signal_thread_start((unsigned char *)round_up((uintptr_t)(thread + 1), arch_page_size),
                        round_up(signal_stack_size(), arch_cache_line));
    arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&lender.signal_mask, 0,
                  sizeof lender.signal_mask);
    go_on(thread);
}

/* Behind the stack: thread-local variables and block, struct sched_thread, signal stack. */
static struct sched_thread *make_spare(void)
{
    size_t thread_at = round_up(boot_tls_size(), arch_cache_line);
    size_t size = thread_at + sizeof(struct sched_thread) + arch_page_size +
                  round_up(signal_stack_size(), arch_cache_line);
    void *behind;
    struct mem_stack *stack = mem_stack_acquire_with(size, &behind);
    if (stack == NULL)
        return NULL;
    struct sched_thread *thread =
        (struct sched_thread *)(void *)((unsigned char *)behind + thread_at);
    *thread = (struct sched_thread){
        .block = boot_tls_make(behind),
        .stack = stack,
        .is_spare = true,
    };
    thread->block->address_owner = sched_address_owner;
    if (sched_thread_clone(stack, thread->block, spare_begin, thread) > 0) {
        atomic_fetch_add(&sched_threads_besides, 1, RELAXED); /* RELAXED: as in side.c */
        return thread;
    }
    *thread = (struct sched_thread){.block = NULL}; /* others take the same memory for zero */
    mem_stack_return_with(stack, size);
    return NULL;
}

/* ---- handing over */

/* Step t. Under idle_lock. */
static bool take(struct sched_worker *worker, uint64_t call, struct sched_thread *thread)
{
    if (sched_lender.lent >= sched_blocking_limit() ||
        /* SEQ_CST: as step 4; it takes over what the worker's thread has left. */
        !atomic_compare_exchange(&worker->call, &call, call + 1, SEQ_CST, RELAXED))
        return false;
    atomic_store(&sched_lender.lent, sched_lender.lent + 1, RELAXED); /* RELAXED: a hint */
    sched.outside++;
    sched_thread_bind(thread, worker);
    worker->forks.chain = NULL;
    thread->given = worker;
    return true;
}

/* Returns false when there are too many, or no thread can be had. */
static bool hand_over(struct sched_worker *worker, uint64_t call)
{
    struct sched_thread *thread = pop_spare();
    if (thread == NULL)
        thread = make_spare();
    if (thread == NULL)
        return false;
    lock_acquire(&sched.idle_lock);
    bool taken = take(worker, call, thread);
    if (!taken)
        push_spare(thread);
    lock_release(&sched.idle_lock);
    if (taken)
        sched_thread_wake(thread); /* u */
    /* RELAXED: a hint; if the call is under way still, there are too many. */
    return taken || atomic_load(&worker->call, RELAXED) != call;
}

/* ---- taking back */

/*
 * Whether the worker sleeps and its thread waits on its word, or is on its way to or from there;
 * and who made that thread is done with it.
 * Under idle_lock.
 */
static bool may_take(const struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in wait_until_woken (idle.c). */
    return worker->is_idle && atomic_load(&worker->thread->sleeps, ACQUIRE) &&
           sched_place_is_settled(worker);
}

/* A worker that may be taken, `own` rather than another; NULL. Under idle_lock. */
static struct sched_worker *find_sleeper(struct sched_worker *own)
{
    if (may_take(own))
        return own;
    for (struct list_node *node = sched.idle.next; node != &sched.idle; node = node->next) {
        struct sched_worker *worker = container_of(node, struct sched_worker, idle_link);
        if (may_take(worker))
            return worker;
    }
    return NULL;
}

/* Caller holds idle_lock. */
static void is_not_lent(void)
{
    atomic_store(&sched_lender.lent, sched_lender.lent - 1, RELAXED); /* RELAXED: a hint */
}

/* Takes the worker from its thread. Returns that one's heap. Caller holds idle_lock. */
static struct mem_heap *take_from_sleeper(struct sched_worker *worker, struct sched_thread *thread)
{
    struct sched_thread *sleeper = worker->thread;
    struct mem_heap *heap = sleeper->block->heap;
    sleeper->block->heap = NULL;
    sched_idle_take(worker);
    sleeper->is_spare = true;
    push_spare(sleeper);
    sched_thread_bind(thread, worker);
    is_not_lent();
    sched.outside--;
    return heap;
}

static void give_spare_stack(struct sched_worker *worker, struct mem_stack *stack)
{
    stack->next = worker->stacks;
    worker->stacks = stack;
    worker->stack_count++;
}

/* In place of the napper that the worker was. */
static void see_to_slots(void)
{
    atomic_fence(SEQ_CST); /* SEQ_CST: with step 2 of idle.c, as a step c */
    if (sched_any_work(true))
        sched_wake_other(false);
}

bool sched_lender_regain(struct sched_thread *thread)
{
    struct mem_heap *heap = NULL;
    bool napped = false;
    lock_acquire(&sched.idle_lock);
    struct sched_worker *worker = find_sleeper(thread->worker);
    if (worker != NULL) {
        napped = worker->is_napping;
        heap = take_from_sleeper(worker, thread);
    }
    lock_release(&sched.idle_lock);
    if (worker == NULL)
        return false;
    if (heap != NULL)
        mem_heap_hand_on(heap);
    begin_worker(thread, worker);
    worker->naps = 0;
    worker->forks.chain = thread->chain;
    give_spare_stack(worker, thread->stack);
    sched_hook_activity(worker, SCHED_ACTIVITY_RUNNING);
    sched_timers_uncover(worker);
    sched_timers_pass_on();
    if (napped)
        see_to_slots();
    sched_watchdog_wake();
    return true;
}

_Noreturn void sched_lender_leave(void *arg)
{
    struct sched_thread *thread = arg;
    thread->block->task = NULL;
    thread->block->blocking = NULL;
    atomic_store(&thread->wake_word, 0, RELAXED); /* RELAXED: who sets it takes the lock first */
    lock_acquire(&sched.idle_lock);
    is_not_lent(); /* first: the task, when it is found, lets the next one begin */
    lock_release(&sched.idle_lock);
    sched_global_push(thread->task);
    lock_acquire(&sched.idle_lock);
    thread->is_spare = true;
    push_spare(thread);
    lock_release(&sched.idle_lock);
    sched_idle_come_back();
    go_on(thread);
}

/* ---- a worker for who exits */

static void fill_no_memory(struct line *line, const void *data)
{
    (void)data;
    line_text(line, "no memory for a worker to exit on");
    mem_stack_line(line);
}

/* A worker, and behind it its wheel; thread->stack becomes the stack before them. */
static struct sched_worker *map_worker(struct sched_thread *thread)
{
    size_t wheel_at = round_up(sizeof(struct sched_worker), arch_page_size);
    void *behind;
    thread->stack = mem_stack_acquire_with(wheel_at + sched_timers_size(), &behind);
    if (thread->stack == NULL)
        panic_with(fill_no_memory, NULL);
    sched_timers_init(behind, (unsigned char *)behind + wheel_at);
    return behind;
}

/*
 * As who makes a worker: one at a time, by the claim of the search, which is the new one's. False:
 * somebody else searches, or is about to, and sleeps soon, if it finds nothing.
 */
static bool enter(struct sched_thread *thread, struct sched_worker *worker)
{
    uint32_t none = 0;
    uint32_t index = atomic_load(&sched.worker_count, RELAXED); /* RELAXED: looked at again */
    if (index == sched_worker_most ||
        /* SEQ_CST: with the other changes of `searching`. */
        !atomic_compare_exchange(&sched.searching, &none, 1, SEQ_CST, RELAXED))
        return false;
    index = atomic_load(&sched.worker_count, RELAXED); /* RELAXED: as in sched_worker_make */
    sched_worker_init(worker, thread->block, index);
    sched_thread_bind(thread, worker);
    sched_hook_activity(worker, SCHED_ACTIVITY_SEARCHING); /* before others see its times */
    begin_worker(thread, worker);
    worker->searching = true;
    worker->forks.chain = thread->chain;
    give_spare_stack(worker, thread->stack);
    sched.workers[index] = worker;
    /* RELEASE: with the ACQUIREs of worker_count, by who looks into workers[]. */
    atomic_store(&sched.worker_count, index + 1, RELEASE);
    lock_acquire(&sched.idle_lock);
    is_not_lent();
    sched.outside--;
    atomic_store(&sched.awake, sched.awake + 1, RELAXED); /* RELAXED: see sched.h */
    lock_release(&sched.idle_lock);
    sched_search_end(worker);
    return true;
}

/* (When there are as many workers as there can be, 1,024, it waits for one that sleeps.) */
void sched_lender_add_worker(struct sched_thread *thread)
{
    struct sched_worker *worker = map_worker(thread);
    while (!sched_lender_regain(thread) && !enter(thread, worker))
        arch_syscall0(__NR_sched_yield);
}

/* ---- the lender */

struct look {
    bool offered;     /* a call is under way that may be lent on at the next look */
    int64_t again_at; /* when to try those again that could not be; FOREVER: there are none */
};

/* Of the call that a worker is in: it could not be lent on. */
struct refusal {
    int64_t pause; /* 0: it was not */
    int64_t again_at;
};

static struct refusal refusals[sched_worker_most];

static void note_refusal(struct refusal *refusal)
{
    if (refusal->pause == 0)
        refusal->pause = refused_least;
    else if (refusal->pause < refused_most)
        refusal->pause *= 2;
    refusal->again_at = clock_after(refusal->pause);
}

static void look_at(struct sched_worker *worker, struct look *look)
{
    struct refusal *refusal = &refusals[worker->index];
    uint64_t call = atomic_load(&worker->call, SEQ_CST); /* SEQ_CST: v, with step 2 */
    uint64_t seen = worker->call_seen;
    worker->call_seen = call;
    if (call != seen)
        *refusal = (struct refusal){.pause = 0};
    if ((call & 1) == 0) {
        look->offered |= call != seen;
        return;
    }
    if (worker->index >= sched_worker_limit_settle())
        return;
    if (unlikely(!sched_place_is_settled(worker))) {
        look->offered = true;
        return;
    }
    bool is_due = refusal->pause == 0 || clock_now() >= refusal->again_at;
    if (call == seen && is_due && !hand_over(worker, call))
        note_refusal(refusal);
    if (refusal->pause == 0)
        look->offered = true;
    else if (refusal->again_at < look->again_at)
        look->again_at = refusal->again_at;
}

static struct look look(void)
{
    struct look look = {.again_at = CLOCK_FOREVER};
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        look_at(sched.workers[i], &look);
    return look;
}

/* Looks until there is nothing to watch, that is, `patience` times in a row. */
static void watch(unsigned patience)
{
    for (unsigned fruitless = 0; fruitless < patience;) {
        struct look now = look();
        fruitless = now.offered ? 0 : fruitless + 1;
        int64_t pause = look_pause;
        if (now.offered && (sched_any_work(true) || sched_timers_due()))
            pause = look_pause_work;
        uint32_t nobody_wakes = 0;
        sched_side_rest(&nobody_wakes, 0, pause);
    }
}

/* Step w: whether somebody has begun a call; else it is time to look at those that were refused. */
static bool sleep_until(int64_t again_at)
{
    uint32_t *watches = &sched_lender.watches;
    uint32_t none = 0;
    int64_t left = CLOCK_FOREVER;
    /* ACQUIRE: with the compare-and-swap in sched_lender_begin. */
    while (left > 0 && atomic_load(watches, ACQUIRE) == 0) {
        if (again_at != CLOCK_FOREVER)
            left = again_at - clock_now();
        if (left > 0)
            sched_side_rest(watches, 0, left);
    }
    /* SEQ_CST: as in sched_lender_begin. */
    return !atomic_compare_exchange(watches, &none, 1, SEQ_CST, ACQUIRE);
}

static _Noreturn void lender_begin(void *arg)
{
    uint32_t *watches = &sched_lender.watches;
    unsigned patience = looks_most;
    (void)arg;
    for (;;) {
        watch(patience);
        atomic_store(watches, 0, SEQ_CST); /* v. SEQ_CST: with step 3 */
        struct look last = look();
        if (last.offered)
            atomic_store(watches, 1, SEQ_CST); /* SEQ_CST: as above */
        patience = sleep_until(last.again_at) ? looks_most : 1;
    }
}

/*
 * The lender's affinity, which spare threads have from it, is that of the thread that makes it. The
 * time alone, if it is still that, ends here (base/alone.h). */
static void make_lender(void *unused)
{
    (void)unused;
    sched_place_settle(thread_block()->blocking->worker);
    bool was_shared = process_shared;
    atomic_store(&process_shared, true, RELAXED); /* RELAXED: the clone orders it */
    bool made = sched_side_make(&lender.block, lender.stack + stack_bytes, NULL,
                                &lender.signal_mask, lender_begin);
    if (!made)
        atomic_store(&process_shared, was_shared, RELAXED); /* RELAXED: alone as before, or not */
    sched_lender.is_there = made;
}

void sched_lender_begin(void)
{
    uint32_t none = 0;
    uint32_t pause = atomic_load(&sched_lender.pause, RELAXED); /* RELAXED: a number by itself */
    if (pause > 0) {
        atomic_store(&sched_lender.pause, pause - 1, RELAXED); /* RELAXED: as above */
        return;
    }
    /* SEQ_CST: as v; it hands on is_there. */
    if (!atomic_compare_exchange(&sched_lender.watches, &none, 1, SEQ_CST, RELAXED))
        return;
    if (sched_lender.is_there) {
        arch_syscall3(__NR_futex, (long)&sched_lender.watches, FUTEX_WAKE_PRIVATE, 1);
        return;
    }
    deep_hook_call(make_lender, NULL);
    if (!sched_lender.is_there) {
        atomic_store(&sched_lender.pause, calls_between_tries, RELAXED); /* RELAXED: as above */
        atomic_store(&sched_lender.watches, 0, SEQ_CST);                 /* SEQ_CST: as above */
    }
}
