/*
 * The maker: a side thread that makes workers where the caller must not.
 *
 * A new thread has all that its maker has: signal mask, affinity, credentials, namespaces. Of a
 * worker's thread these are the process's. Of a foreign thread they are what the program made of
 * them, and a held thread is held so that they may be changed: a worker made there would have them
 * for good, and with it any task. But if such threads made no workers, what they spawn beside
 * workers that compute would wait for these to end.
 *
 * Rejected: to set all of it anew in each new worker (credentials and namespaces do not come back);
 * to make all workers before (a hundred threads for one call); to ask a worker (it may compute).
 *
 * So the first thread that announces such threads, which is a worker's, makes the maker, and has
 * noted the number of CPUs before (their mask may differ later). Who spawns there and finds that a
 * worker may be made
 *     1. has put the task into a queue; and stores in `asked`: RELEASE, with the ACQUIRE of 2;
 *     2. the maker takes that back, and does what step 3 of idle.c is, with the fence 2 of its own.
 * That a task is found at all does not depend on it: whoever goes to sleep looks everywhere.
 *
 * The maker takes no signals; the workers that it makes have the mask of the thread that made it.
 */
#include <asm/signal.h>
#include <asm/unistd.h>

#include "base/clock.h"
#include "sched/foreign_thread.h"
#include "sched/side.h"

enum { stack_bytes = 32 * 1024 };

static struct {
    uint32_t asked;    /* atomic, a futex */
    uint32_t presence; /* atomic: 0: not there */
    uint64_t mask;     /* of signals, for the workers */
    struct mem_stack no_stack;
    struct sched_worker worker; /* what step 3 of idle.c expects to find */
    struct thread_block block;
    _Alignas(arch_cache_line) unsigned char stack[stack_bytes];
} maker;

static void set_mask(const uint64_t *mask)
{
    arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)mask, 0, sizeof *mask);
}

/* Step 2. */
static _Noreturn void maker_begin(void *arg)
{
    uint64_t all = UINT64_MAX;
    (void)arg;
    for (;;) {
        sched_side_rest(&maker.asked, 0, CLOCK_FOREVER);
        /* ACQUIRE: with the RELEASE in foreign_want_worker. */
        if (atomic_exchange(&maker.asked, 0, ACQUIRE) == 0)
            continue;
        set_mask(&maker.mask);
        sched_wake_one(true);
        set_mask(&all);
    }
}

static bool clone_maker(void)
{
    sched_worker_init(&maker.worker, &maker.block, 0);
    maker.worker.stacks = &maker.no_stack;
    return sched_side_make(&maker.block, maker.stack + stack_bytes, NULL, &maker.mask, maker_begin);
}

/* Where it cannot be made, the workers that there are go on, and it is tried at the next call. */
void foreign_make_maker(void)
{
    uint32_t none = 0;
    struct sched_worker *worker = sched_worker();
    if (worker->is_foreign || sched_worker_limit() < 2)
        return;
    /* RELAXED: a claim. */
    if (!atomic_compare_exchange(&maker.presence, &none, 1, RELAXED, RELAXED))
        return;
    sched_place_settle(worker);
    if (!clone_maker())
        atomic_store(&maker.presence, 0, RELAXED); /* RELAXED: who asks without it asks in vain */
}

void foreign_want_worker(void)
{
    /* RELEASE: with the ACQUIRE in maker_begin. */
    if (atomic_exchange(&maker.asked, 1, RELEASE) == 0)
        sched_word_wake(&maker.asked);
}
