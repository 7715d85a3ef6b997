/*
 * Whoever makes or wakes a worker goes on computing, as a rule, for nobody knows how long. Most
 * kernels put the other thread on an idle CPU; but it is a guess, and some guess otherwise: one
 * that packs threads, to let virtual CPUs sleep, puts it on the waker's CPU, and there it waits for
 * the waker's turn to end, some milliseconds, beside an idle CPU. (Seen with Linux 6.18: of first
 * spawns in a young process 99 in 100 began after 3.5 ms.) So we say where it may not run, until
 * it runs: the affinity of the sleeper, less the waker's CPU.
 *
 * It costs the waker 0.6 us and the woken one 0.3, beside 8 for the wake and 28 until it runs.
 *
 * Rejected: each worker on a CPU of its own (a worker whose CPU another process keeps busy could
 * not move to an idle one); a shorter slice for the woken thread (it runs at once, but in the
 * waker's place); to leave it to the new thread to move away (twice as late).
 *
 * Where it ends. A new thread that has not begun when the process ends costs the end a wake of its
 * CPU, because the process ends with its last thread. So it is called back: it begins, and ends at
 * once, on the CPU of the one who ends the process.
 *
 * Nobody's affinity gets lost. A new thread is moved while it waits for its first turn, by its
 * maker, who then gives it back what it had; until it has, the thread has no number here, and
 * nobody else touches it, or gives its worker another one (blocking.c). What a thread makes may run
 * where it may itself: so one that is to make another waits until then (sched_place_settle). It is
 * called back by who takes it out of `sched.newborn` before it has
 * done so itself, as its first step; then it waits until it has been called back, and restores what
 * it had (exit functions may still need it). A sleeper is sent away by the one who took it off the
 * list of sleepers, before it sets its wake word; and restored by itself, after it has seen the
 * word. Who is refused (another kernel, a sandbox), or has one CPU only, lets the kernel decide.
 */
#include "sched/place.h"

#include <asm/unistd.h>

#include "sched/sched.h"

enum { words = sched_place_cpus_most / 64 };

static bool cpu_here(uint32_t *cpu)
{
    return arch_syscall3(__NR_getcpu, (long)cpu, 0, 0) == 0 && *cpu < sched_place_cpus_most;
}

static bool set_affinity(int32_t thread, uint32_t bytes, const uint64_t *cpus)
{
    return arch_syscall3(__NR_sched_setaffinity, thread, bytes, (long)cpus) == 0;
}

/*
 * Sends the thread away from the caller's CPU. Returns for how many bytes of `cpus` it has, then
 * and now, where it might run before; 0: it was not sent anywhere.
 */
static uint32_t send_away(int32_t thread, uint64_t *cpus)
{
    uint64_t others[words] = {0};
    uint64_t any = 0;
    uint32_t here;
    long bytes = arch_syscall3(__NR_sched_getaffinity, thread, words * 8, (long)cpus);
    if (bytes <= 0 || !cpu_here(&here))
        return 0;
    for (uint32_t i = 0; i < (uint32_t)bytes / 8; i++) {
        others[i] = i == here / 64 ? cpus[i] & ~(UINT64_C(1) << here % 64) : cpus[i];
        any |= others[i];
    }
    return any != 0 && set_affinity(thread, (uint32_t)bytes, others) ? (uint32_t)bytes : 0;
}

/* ---- a new thread */

void sched_place_newborn(struct sched_worker *worker, long thread)
{
    int32_t number = sched_place_nowhere;
    uint32_t bytes = send_away((int32_t)thread, worker->place.cpus);
    if (bytes != 0) {
        set_affinity((int32_t)thread, bytes, worker->place.cpus);
        number = (int32_t)thread;
    }
    /* RELEASE: with the ACQUIREs of it; from here on others may place it. */
    atomic_store(&worker->place.thread, number, RELEASE);
}

void sched_place_call_back(void)
{
    /* RELAXED: taken by the exchange. ACQUIRE: with the RELEASE in sched_place_newborn. */
    struct sched_worker *worker = atomic_load(&sched.newborn, RELAXED);
    int32_t thread = worker == NULL ? 0 : atomic_load(&worker->place.thread, ACQUIRE);
    uint64_t here[words] = {0};
    uint32_t cpu;
    if (thread <= 0 || !cpu_here(&cpu))
        return;
    here[cpu / 64] = UINT64_C(1) << cpu % 64;
    /* RELAXED: a claim; what the worker waits for is `away`. */
    if (!atomic_compare_exchange(&sched.newborn, &worker, NULL, RELAXED, RELAXED))
        return;
    set_affinity(thread, sizeof here, here);
    /* RELEASE: with the ACQUIRE in sched_place_begin. */
    atomic_store(&worker->place.away, words * 8, RELEASE);
}

void sched_place_begin(struct sched_worker *worker)
{
    struct sched_worker *newborn = worker;
    /* RELAXED: as in sched_place_call_back. */
    if (atomic_compare_exchange(&sched.newborn, &newborn, NULL, RELAXED, RELAXED))
        return;
    /* ACQUIRE: with the RELEASE in sched_place_call_back. */
    while (atomic_load(&worker->place.away, ACQUIRE) == 0)
        arch_syscall0(__NR_sched_yield);
    sched_place_anywhere(worker);
}

bool sched_place_is_settled(const struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in sched_place_newborn. */
    return worker->index == 0 || worker->is_foreign ||
           atomic_load(&worker->place.thread, ACQUIRE) != 0;
}

void sched_place_settle(const struct sched_worker *worker)
{
    while (!sched_place_is_settled(worker))
        arch_syscall0(__NR_sched_yield);
}

/* ---- a sleeper */

/*
 * The first worker begins on the process's own thread, which has the process's number, unless
 * another was noted (hold.c, lender.c).
 */
int32_t sched_place_thread(struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in sched_place_newborn. */
    int32_t thread = atomic_load(&worker->place.thread, ACQUIRE);
    return thread == 0 && worker->index == 0 ? (int32_t)arch_syscall0(__NR_getpid) : thread;
}

void sched_place_elsewhere(struct sched_worker *worker)
{
    int32_t thread = sched_place_thread(worker);
    uint32_t bytes = thread > 0 ? send_away(thread, worker->place.cpus) : 0;
    atomic_store(&worker->place.away, bytes, RELAXED); /* RELAXED: published by the wake word */
}

void sched_place_anywhere(struct sched_worker *worker)
{
    /* RELAXED: ordered by the wake word, or by sched_place_begin. */
    uint32_t bytes = atomic_load(&worker->place.away, RELAXED);
    if (bytes == 0)
        return;
    set_affinity(0, bytes, worker->place.cpus);
    atomic_store(&worker->place.away, 0, RELAXED); /* RELAXED: our own until the next sleep */
}
