/*
 * Workers come, one by one, with a spawn that finds nobody idle or searching; at most as many as
 * the CPUs that the process may use. The first is the main thread itself. They stay until the
 * process ends, but for a second one that turns out to be one too many.
 *
 * How many. KEEL_WORKERS=n says it; else the affinity mask, or the quota of the control groups
 * (quota.c) if that is smaller. To read the quota takes as long as to make a thread, and a program
 * of two tasks should not wait for it. So there is a *provisional* limit, by affinity alone, which
 * lets a second worker come, and no third; and the limit is *settled*, with the quota, by whoever
 * needs it first: the second worker when it first finds nothing to do, who is about to make a
 * third, or who asks for the number (keel_worker_count). A settled limit stays: the number that a
 * program was told stays true. (An administrator may change the quota of a running process; that is
 * not followed.)
 *
 * When the settled limit is one, the second worker, if it is there, retires at the first time that
 * it finds nothing to do; what is left to run waits in the queues of the first, or for it:
 *   1. Its own queues are empty: only it puts tasks into them, and it has found nothing there.
 *   2. It hands on what it keeps for later: spare stacks to the pool, descriptors to the shared
 *      lists (task.c), its heap with the blocks that are still in use to the next thread that needs
 *      one; until then whoever sleeps looks after it (mem_heap_collect).
 *   3. It goes over to its alternate signal stack, because the stack that it stands on, a task
 *      stack like any other, goes to the pool too: a fresh task may wait for just that one.
 *   4. It leaves the idle protocol for good (sched_idle_leave; idle.c argues it).
 *   5. Its thread ends. Its memory stays mapped and its entry in workers[] stays: others look into
 *      its queues without a lock, and find them empty; worker_count never goes down.
 * The first worker never retires: it is the process's own thread.
 *
 * A worker's thread begins in a runner on an ordinary task stack, so the thread's own first stack
 * is like any other and may end up with a task that parks on it. The worker's memory lies behind:
 *
 *     | stack | thread-local variables and block | struct sched_worker | signal stack | wheel |
 *             '----- as a rule on one page with the top of the stack --'
 */
#include <asm/unistd.h>

#include "base/deep.h"
#include "base/options.h"
#include "base/panic.h"
#include "base/process.h"
#include "boot/boot.h"
#include "mem/mem.h"
#include "sched/float_control.h"
#include "sched/owner.h"
#include "sched/quota.h"
#include "sched/unusual.h"
#include "sched/watchdog.h"
#include "signal/signal.h"

/* ---- how many */

TOUCHED_AT_START static int64_t option_workers;    /* 0: not set */
TOUCHED_AT_START static int64_t option_stack_size; /* as that */
TOUCHED_AT_START static int64_t option_stacks;
TOUCHED_AT_START int64_t sched_option_watchdog;
TOUCHED_AT_START int64_t sched_option_blocking;

/* In sched.worker_limit, beside the number: the quota has not been looked at. */
static const uint32_t provisional = UINT32_C(1) << 31;

void sched_read_options(void)
{
    static const struct option options[] = {
        {"KEEL_WATCHDOG", "1: report tasks that hold a worker for 10 ms (default: 0)", 0, 1,
         &sched_option_watchdog},
        {"KEEL_BLOCKING_MAX", "blocking calls at a time (default: 512)", 1, sched_blocking_most,
         &sched_option_blocking},
        {"KEEL_WORKERS", "workers at most (default: the CPUs of the affinity mask or of the quota)",
         1, sched_worker_most, &option_workers},
        {"KEEL_STACK_SIZE",
         "bytes of stack promised to each task that does not ask (default: 131072)", 1024,
         mem_stack_promise_most, &option_stack_size},
        {"KEEL_STACKS", "1: the deepest use of stacks by spawn site, at exit", 0, 1,
         &option_stacks},
    };
    options_read(options, sizeof options / sizeof options[0]);
    if (option_stack_size != 0)
        mem_stack_set_default((size_t)option_stack_size);
    if (option_stacks != 0)
        sched_census_start();
}

/* CPUs in the affinity mask; 1 when the kernel does not say. */
static unsigned count_cpus(void)
{
    uint64_t mask[sched_worker_most * 8 / 64];
    long bytes = arch_syscall3(__NR_sched_getaffinity, 0, sizeof mask, (long)mask);
    unsigned count = 0;
    for (long i = 0; i < bytes / 8; i++)
        count += (unsigned)__builtin_popcountll(mask[i]);
    if (count < 1)
        return 1;
    return count < sched_worker_most ? count : sched_worker_most;
}

/* The first look at the number that affinity allows. */
static void find_limit(void *data)
{
    uint32_t word = 0;
    (void)data;
    uint32_t limit = option_workers != 0 ? (uint32_t)option_workers : count_cpus();
    if (option_workers == 0 && limit > 1)
        limit |= provisional;
    /* RELAXED: a number by itself. On failure another was faster. */
    atomic_compare_exchange(&sched.worker_limit, &word, limit, RELAXED, RELAXED);
}

/* The word sched.worker_limit, with at least the number that affinity allows. */
static uint32_t limit_word(void)
{
    /* RELAXED: a number by itself. */
    if (unlikely(atomic_load(&sched.worker_limit, RELAXED) == 0))
        deep_hook_call(find_limit, NULL);
    return atomic_load(&sched.worker_limit, RELAXED); /* RELAXED: as above */
}

unsigned sched_worker_limit(void)
{
    return limit_word() & ~provisional;
}

static void settle_limit(void *data)
{
    uint32_t word = limit_word();
    uint32_t limit = word & ~provisional;
    unsigned quota = sched_quota_read("");
    (void)data;
    if (quota < limit)
        limit = quota;
    /* RELAXED: a number by itself. Who read it first decides, should the quota change just now. */
    atomic_compare_exchange(&sched.worker_limit, &word, limit, RELAXED, RELAXED);
}

unsigned sched_worker_limit_settle(void)
{
    if (unlikely((limit_word() & provisional) != 0))
        deep_hook_call(settle_limit, NULL);
    return limit_word();
}

unsigned keel_worker_count(void)
{
    return sched_worker_limit_settle();
}

/* ---- workers are made */

void sched_worker_init(struct sched_worker *worker, struct thread_block *block, unsigned index)
{
    worker->index = index;
    worker->random = index * 2654435761u + 1; /* odd multiples: never 0 for a worker's index */
    block->worker = worker;
    worker->first_thread.block = block;
    sched_thread_bind(&worker->first_thread, worker);
    block->address_owner = sched_address_owner;
}

struct worker_memory {
    struct mem_stack *stack;
    size_t size; /* behind the stack */
    struct sched_worker *worker;
    struct thread_block *block;
};

static bool map_worker(struct worker_memory *memory)
{
    size_t worker_at = round_up(boot_tls_size(), arch_cache_line);
    size_t worker_end = worker_at + sizeof(struct sched_worker);
    size_t alternate_size = round_up(signal_stack_size(), arch_cache_line);
    void *behind;
    memory->size = worker_end + arch_page_size + alternate_size + sched_timers_size();
    memory->stack = mem_stack_acquire_with(memory->size, &behind);
    if (memory->stack == NULL)
        return false;
    memory->block = boot_tls_make(behind);
    memory->worker = (struct sched_worker *)(void *)((unsigned char *)behind + worker_at);
    memory->worker->alternate_stack =
        (void *)round_up((uintptr_t)behind + worker_end, arch_page_size);
    memory->worker->alternate_size = alternate_size;
    sched_timers_init(memory->worker,
                      (unsigned char *)memory->worker->alternate_stack + alternate_size);
    return true;
}

/*
 * The first code on a worker's thread. The worker makes itself known, not its maker: so one whose
 * thread could not be made was never seen, and its memory can go. There is one maker at a time,
 * because the search that it claimed is still counted until the worker's first search ends.
 */
static _Noreturn void worker_begin(void *stack)
{
    struct sched_worker *worker = sched_worker();
    sched_place_begin(worker);
    sched_float_control_begin();
    signal_thread_start(worker->alternate_stack, worker->alternate_size);
    sched_hook_activity(worker, SCHED_ACTIVITY_SEARCHING); /* before others see its times */
    sched.workers[worker->index] = worker;
    /* RELEASE: with the ACQUIREs of worker_count, by who looks into workers[]. */
    atomic_store(&sched.worker_count, worker->index + 1, RELEASE);
    worker->searching = true;
    sched_runner(stack);
}

/* The count of who is awake, changed from outside the idle protocol. */
static void add_awake(uint32_t change)
{
    lock_acquire(&sched.idle_lock);
    atomic_store(&sched.awake, sched.awake + change, RELAXED); /* RELAXED: see sched.h */
    lock_release(&sched.idle_lock);
}

/*
 * A thread that cannot be made is a wait, never an abort: the workers that are there go on. A
 * refusal may pass in a moment (EAGAIN: a limit of threads that others share), or be for ever (a
 * sandbox): so the next spawn tries again, then the second after that, then the fourth, up to the
 * thousandth. Tasks that wait for each other by turns of the scheduler, as all must, lose time by
 * it and nothing else.
 */
/* In a row. Atomic: the next maker may come before the last has noted that it succeeded. */
TOUCHED_AT_START static uint32_t failures;

static void pause_making(void)
{
    enum { spawns_most = 1000, doublings_most = 9 };
    uint32_t count = atomic_load(&failures, RELAXED); /* RELAXED: numbers by themselves */
    uint32_t spawns = count > doublings_most ? spawns_most : (uint32_t)1 << count;
    atomic_store(&failures, count + (count <= doublings_most), RELAXED);
    atomic_store(&sched.make_pause, spawns, RELAXED);
}

static bool start_thread(struct worker_memory *memory)
{
    bool was_shared = process_shared;
    sched_place_settle(sched_worker());
    add_awake(1);
    /* RELAXED: the clone orders them (base/alone.h). */
    atomic_store(&process_shared, true, RELAXED);
    atomic_store(&sched.newborn, memory->worker, RELAXED);
    long thread = sched_thread_clone(memory->stack, memory->block, worker_begin, memory->stack);
    if (thread > 0) {
        sched_place_newborn(memory->worker, thread);
        return true;
    }
    /* RELAXED: alone as before, or not. */
    atomic_store(&process_shared, was_shared, RELAXED);
    atomic_store(&sched.newborn, NULL, RELAXED);
    add_awake((uint32_t)-1);
    return false;
}

static bool make(uint32_t index)
{
    /* main takes its spare stack before others can take all the memory that there is. */
    if (!sched_can_park())
        return false;
    struct worker_memory memory;
    if (!map_worker(&memory))
        return false;
    sched_worker_init(memory.worker, memory.block, index);
    if (start_thread(&memory))
        return true;
    *memory.worker = (struct sched_worker){.index = 0};
    mem_stack_return_with(memory.stack, memory.size);
    return false;
}

static void try_to_make(void *made)
{
    /* RELAXED: the last worker that was made has ended its first search, which we have claimed
     * since. */
    uint32_t index = atomic_load(&sched.worker_count, RELAXED);
    if (index >= (index < 2 ? sched_worker_limit() : sched_worker_limit_settle()))
        return;
    if (make(index)) {
        atomic_store(&failures, 0, RELAXED); /* RELAXED: as in pause_making */
        *(bool *)made = true;
        return;
    }
    pause_making();
}

bool sched_worker_make(void)
{
    bool made = false;
    deep_hook_call(try_to_make, &made);
    return made;
}

/* ---- a worker retires */

/* Not one that was made for who exits (lender.c): exit functions may need it when it next wakes. */
bool sched_worker_must_retire(const struct sched_worker *worker)
{
    return worker->index != 0 && worker->index >= sched_worker_limit_settle() &&
           worker->thread == &worker->first_thread;
}

/* On the alternate signal stack. The stack that the worker came from is given to the pool. */
static _Noreturn void retire(void *abandoned)
{
    enum { status = 0 };
    struct mem_stack *stack = abandoned;
    debug_assert((uintptr_t)__builtin_frame_address(0) - stack->low >= mem_stack_usable(stack));
    sched_give_stack(stack);
    sched_idle_leave(sched_worker());
    arch_syscall1(__NR_exit, status);
    process_wait_for_end(); /* where that is refused */
}

_Noreturn void sched_worker_retire(struct sched_worker *worker, struct mem_stack *stack)
{
    void *abandoned;
    void *top = (unsigned char *)worker->alternate_stack + worker->alternate_size;
    debug_assert(ring_looks_empty(&worker->ready) && deque_looks_empty(&worker->fresh));
    mem_heap_release();
    sched_share_stacks(worker);
    sched_tasks_hand_on(worker);
    arch_context_start(&abandoned, top, retire, stack);
    arch_trap();
}
