/*
 * keel_should_yield, and the monitor: a thread that is no worker, which looks every 5 ms whether
 * something waits, and tells the workers.
 *
 * The goal: a loop that calls nothing learns within 10 ms that something else wants its worker, on
 * one worker too, for one load an iteration. A program without keel_should_yield pays nothing for
 * it, nor does a process that is idle, or that never asks.
 *
 * Rejected: a timer signal (it interrupts the program's own system calls); to look at the queues in
 * the loop (several loads of shared lines); to let sleeping workers look (on one CPU there are
 * none); a monitor that is there from the start (a thread costs tens of microseconds, more than
 * many programs take); one that sleeps while the process is idle (whoever wakes up would have to
 * wake it too, which costs as much as the wake itself).
 *
 * Each thread block has a word `go_on`; keel_should_yield is whether it is 0, as it is at first. So
 * a worker's first question is answered by yes, and keel_yield comes here (sched_hook_yield_asked):
 *     1. sets `go_on`;
 *     2. fence SEQ_CST;
 *     3. asks whether a task was ever made, and then, whether the monitor is there. If not: makes
 *        it, or, where that cannot be, clears `go_on` again: then the answer stays yes, and each
 *        question costs a yield.
 * The monitor sets everybody's `go_on` to 0 when it sees something that waits.
 *
 * The invariant: `go_on` is set only while the monitor is there, or no task was ever made. Who ends
 * such a time,
 *     - the monitor, when it leaves,
 *     - who said that it was there, was about to make it, and could not, or
 *     - who makes the first task (sched_hook_first_task),
 * does this:
 *     a. says so (`presence`, `tasks_exist`);
 *     b. fence SEQ_CST;
 *     c. clears every worker's `go_on`; new workers are born with 0.
 * By the two fences either step 3 sees what was said in a, or the store of step 1 comes before that
 * of step c, and is undone by it. (tests/model/monitor.pml explores it.)
 *
 * So the monitor may leave whenever it likes: whoever asks makes another. It leaves when nobody has
 * come here for half a second. Nobody comes when nothing waits; so at its last look it clears
 * `go_on` as if something did: who still asks pays one yield for it.
 *
 * The kernel ends its presence: the word `presence` is the one that it clears when the thread is
 * gone (CLONE_CHILD_CLEARTID), and only then may its stack be used again.
 *
 * The monitor looks and stores; it takes no lock and changes nothing else that threads share. So a
 * process that is alone (base/alone.h) stays alone beside it, it is not counted as awake, and a
 * deadlock is found as without it. It takes no signals.
 */
#define KEEL_SHOULD_YIELD_INLINE /* the exported symbol, beside what programs inline */

#include <asm/unistd.h>

#include "sched/monitor.h"
#include "sched/sched.h"
#include "sched/side.h"

_Static_assert(offsetof(struct thread_block, go_on) == 0x50, "keel/machine/yield.h reads it");

enum {
    look_pause = 5 * 1000 * 1000, /* nanoseconds */
    unused_most = 100,            /* looks in a row at which nobody had come */
    stack_bytes = 16 * 1024,
    asks_between_tries = 1000, /* to make the thread, where it was refused */
};

/* ABSENT is what the kernel stores. */
enum { ABSENT, PRESENT, LEAVING };

static struct {
    uint32_t presence; /* atomic */
    uint32_t pause;    /* atomic: asks that will not try to make it */
    bool used;         /* atomic: somebody came */
    bool tasks_exist;  /* atomic */
    struct thread_block block;
    _Alignas(arch_cache_line) unsigned char stack[stack_bytes];
} monitor;

/* What keel/machine/yield.h refers to: so whoever inlines keel_should_yield has this object. */
extern const char keel_should_yield_monitor;
const char keel_should_yield_monitor;

/* ---- the thread */

/* Step c. */
static void tell_all(void)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        /* RELAXED: see the fences; a thread that has just got the worker has 0 already. */
        struct thread_block *block = atomic_load(&sched.workers[i]->block, RELAXED);
        atomic_store(&block->go_on, 0, RELAXED);
    }
}

/* Steps a to c. */
static void end_presence(uint32_t presence)
{
    atomic_store(&monitor.presence, presence, RELAXED); /* a. RELAXED: the fence orders it */
    atomic_fence(SEQ_CST);                              /* b. SEQ_CST: with step 2 */
    tell_all();
}

/* Returns only where the kernel lets no thread end. */
static void leave(void)
{
    enum { status = 0 };
    end_presence(LEAVING);
    /* RELAXED: asked again (announce.c); less one before it is gone, never after. */
    atomic_fetch_sub(&sched_threads_besides, 1, RELAXED);
    arch_syscall1(__NR_exit, status);
    atomic_fetch_add(&sched_threads_besides, 1, RELAXED); /* RELAXED: as above */
    atomic_store(&monitor.presence, PRESENT, RELAXED); /* RELAXED: it is as if it had been made */
}

static _Noreturn void monitor_begin(void *arg)
{
    (void)arg;
    for (;;) {
        for (unsigned unused = 0; unused < unused_most;) {
            uint32_t nobody_wakes = 0;
            sched_side_rest(&nobody_wakes, 0, look_pause);
            /* RELAXED: a hint, which may be lost. */
            unused = atomic_load(&monitor.used, RELAXED) ? 0 : unused + 1;
            atomic_store(&monitor.used, false, RELAXED);
            if (unused == unused_most - 1 || sched_any_work(true) || sched_anyone_starved() ||
                sched_timers_due())
                tell_all();
        }
        leave();
    }
}

/* Whether the monitor is there when this returns. */
static bool be_monitored(void)
{
    uint32_t presence = ABSENT;
    uint32_t pause = atomic_load(&monitor.pause, RELAXED); /* RELAXED: a number by itself */
    if (pause > 0) {
        atomic_store(&monitor.pause, pause - 1, RELAXED); /* RELAXED: as above */
        return false;
    }
    /*
     * ACQUIRE: with the kernel's store, which follows the last use of the stack; RELAXED on
     * failure.
     */
    if (!atomic_compare_exchange(&monitor.presence, &presence, PRESENT, ACQUIRE, RELAXED))
        return presence == PRESENT;
    sched_place_settle(sched_worker());
    if (sched_side_make(&monitor.block, monitor.stack + stack_bytes, (int *)&monitor.presence, NULL,
                        monitor_begin))
        return true;
    atomic_store(&monitor.pause, asks_between_tries, RELAXED); /* RELAXED: as above */
    end_presence(ABSENT); /* others may have relied on it meanwhile */
    return false;
}

/* ---- the hooks */

void sched_hook_first_task(void)
{
    atomic_store(&monitor.tasks_exist, true, RELAXED); /* a. RELAXED: the fence orders it */
    atomic_fence(SEQ_CST);                             /* b. SEQ_CST: with step 2 */
    tell_all();
}

bool sched_hook_yield_asked(void)
{
    uint32_t *go_on = &thread_block()->go_on;
    atomic_store(go_on, 1, RELAXED);            /* 1. RELAXED: the fence orders it */
    atomic_store(&monitor.used, true, RELAXED); /* RELAXED: a hint */
    atomic_fence(SEQ_CST);                      /* 2. SEQ_CST: with step b */
    /* 3. RELAXED: ordered by the fence. */
    if (!atomic_load(&monitor.tasks_exist, RELAXED))
        return false;
    if (atomic_load(&monitor.presence, RELAXED) != PRESENT && !be_monitored())
        atomic_store(go_on, 0, RELAXED); /* RELAXED: our own question */
    return true;
}
