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
 * Nobody's affinity gets lost. A new thread is moved while it waits for its first turn, by its
 * maker, who then gives it back what it had; until it has, it has no number here, and nobody else
 * touches it. A sleeper is sent away by the one who took it off the list of sleepers, before it
 * sets its wake word; and restored by itself, after it has seen the word. Who is refused (another
 * kernel, a sandbox), or has one CPU only, lets the kernel decide.
 */
#include "sched/place.h"

#include <asm/unistd.h>

#include "sched/sched.h"

/* What the thread may run on, in `place`, less the caller's CPU, in `others`. False: nothing. */
static bool other_cpus(int32_t thread, struct sched_place *place, uint64_t *others)
{
    long bytes =
        arch_syscall3(__NR_sched_getaffinity, thread, sizeof place->cpus, (long)place->cpus);
    uint32_t here;
    if (bytes <= 0 || arch_syscall3(__NR_getcpu, (long)&here, 0, 0) != 0)
        return false;
    uint64_t any = 0;
    for (uint32_t i = 0; i < (uint32_t)bytes / 8; i++) {
        others[i] = place->cpus[i];
        if (i == here / 64)
            others[i] &= ~(UINT64_C(1) << here % 64);
        any |= others[i];
    }
    place->bytes = (uint32_t)bytes;
    return any != 0;
}

static bool set_affinity(int32_t thread, uint32_t bytes, const uint64_t *cpus)
{
    return arch_syscall3(__NR_sched_setaffinity, thread, bytes, (long)cpus) == 0;
}

/* Returns whether the thread has been sent away; then `place` holds what to restore. */
static bool send_away(int32_t thread, struct sched_place *place)
{
    uint64_t others[sched_place_cpus_most / 64];
    return other_cpus(thread, place, others) && set_affinity(thread, place->bytes, others);
}

void sched_place_newborn(struct sched_worker *worker, long thread)
{
    struct sched_place before;
    if (send_away((int32_t)thread, &before))
        set_affinity((int32_t)thread, before.bytes, before.cpus);
    struct sched_place *first = &sched.workers[0]->place;
    /* RELAXED: the first worker is the only one until its first clone, and its own number. */
    if (atomic_load(&first->thread, RELAXED) == 0)
        atomic_store(&first->thread, (int32_t)arch_syscall0(__NR_gettid), RELAXED);
    /* RELEASE: with the ACQUIRE in sched_place_elsewhere; from here on its wakers may place it. */
    atomic_store(&worker->place.thread, (int32_t)thread, RELEASE);
}

void sched_place_elsewhere(struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in sched_place_newborn. */
    int32_t thread = atomic_load(&worker->place.thread, ACQUIRE);
    if (thread == 0 || !send_away(thread, &worker->place))
        worker->place.bytes = 0;
}

void sched_place_anywhere(struct sched_worker *worker)
{
    if (worker->place.bytes != 0)
        set_affinity(0, worker->place.bytes, worker->place.cpus);
    worker->place.bytes = 0;
}
