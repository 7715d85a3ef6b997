/*
 * Workers come, one by one, with a spawn that finds nobody idle or searching; at most as many as
 * the CPUs that the process may use. The first is the main thread itself. They stay until the
 * process ends.
 *
 * A worker's memory is one mapping:
 *
 *     | guard | alternate signal stack | struct sched_worker | thread-local variables and block |
 *
 * Its thread begins in a runner on an ordinary task stack, so the thread's own first stack is like
 * any other and may end up with a task that parks on it.
 */
#include <asm/unistd.h>
#include <linux/sched.h>

#include "base/options.h"
#include "boot/boot.h"
#include "mem/pages.h"
#include "sched/sched.h"
#include "signal/signal.h"

enum { spawns_before_retry = 1000 }; /* after a worker could not be made */

/* ---- how many */

static int64_t option_workers; /* 0: not set */

void sched_read_options(void)
{
    static const struct option options[] = {
        {"KEEL_WORKERS", "workers at most (default: the CPUs in the affinity mask)", 1,
         sched_worker_most, &option_workers},
    };
    options_read(options, sizeof options / sizeof options[0]);
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

unsigned sched_worker_limit(void)
{
    unsigned limit = atomic_load(&sched.worker_limit, RELAXED); /* RELAXED: a number by itself */
    if (unlikely(limit == 0)) {
        limit = option_workers != 0 ? (unsigned)option_workers : count_cpus();
        atomic_store(&sched.worker_limit, limit,
                     RELAXED); /* RELAXED: all who race write the same */
    }
    return limit;
}

unsigned keel_worker_count(void)
{
    return sched_worker_limit();
}

/* ---- workers are made */

void sched_worker_init(struct sched_worker *worker, struct thread_block *block, unsigned index)
{
    worker->index = index;
    worker->random = index * 2654435761u + 1; /* odd multiples: never 0 for a worker's index */
    block->worker = worker;
    block->address_owner = sched_address_owner;
}

struct worker_memory {
    void *mapping;
    size_t size;
    struct sched_worker *worker;
    struct thread_block *block;
};

static bool map_worker(struct worker_memory *memory)
{
    size_t guard = arch_page_size;
    size_t alternate_size = round_up(signal_stack_size(), arch_cache_line);
    size_t worker_at = guard + alternate_size;
    size_t block_at = worker_at + round_up(sizeof(struct sched_worker), arch_cache_line);
    memory->size = round_up(block_at + boot_tls_size(), arch_page_size);
    unsigned char *mapping = page_map(memory->size);
    if (mapping == NULL)
        return false;
    if (!page_protect(mapping, guard)) {
        page_unmap(mapping, memory->size);
        return false;
    }
    memory->mapping = mapping;
    memory->worker = (struct sched_worker *)(void *)(mapping + worker_at);
    memory->worker->alternate_stack = mapping + guard;
    memory->worker->alternate_size = alternate_size;
    memory->block = boot_tls_make(mapping + block_at);
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
    signal_thread_start(worker->alternate_stack, worker->alternate_size);
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

static bool start_thread(struct worker_memory *memory, struct mem_stack *stack)
{
    enum {
        flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_SETTLS,
    };
    add_awake(1);
    long thread =
        arch_clone(flags, mem_stack_top(stack), NULL, NULL, memory->block, worker_begin, stack);
    if (thread > 0)
        return true;
    add_awake((uint32_t)-1);
    return false;
}

bool sched_worker_make(void)
{
    /* RELAXED: the last worker that was made has ended its first search, which we have claimed
     * since. */
    uint32_t index = atomic_load(&sched.worker_count, RELAXED);
    if (index >= sched_worker_limit())
        return false;
    /* main takes its spare stack before others can take all the memory that there is. */
    if (!sched_can_park())
        return false;
    struct worker_memory memory;
    struct mem_stack *stack = mem_stack_acquire();
    if (stack != NULL && map_worker(&memory)) {
        sched_worker_init(memory.worker, memory.block, index);
        if (start_thread(&memory, stack))
            return true;
        page_unmap(memory.mapping, memory.size);
    }
    if (stack != NULL)
        mem_stack_release(stack);
    /* A thread that cannot be made is a wait, never an abort: the workers that are there go on. */
    atomic_store(&sched.make_pause, spawns_before_retry, RELAXED); /* RELAXED: a number by itself */
    return false;
}
