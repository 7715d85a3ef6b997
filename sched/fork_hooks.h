/*
 * Where parking, hosting and the end of a task meet fork and join: what fork.c hands down, and what
 * it takes of the others.
 */
#ifndef KEEL_SCHED_FORK_HOOKS_H
#define KEEL_SCHED_FORK_HOOKS_H

#include "sched/sched.h"

/* To be called before the task parks: turns its children in the deque into tasks. */
static inline void sched_settle_forks(void)
{
    struct sched_worker *worker = sched_worker();
    if (unlikely(sched_forks_pending(worker)))
        /* RELAXED: our own worker's fork has filled it. */
        atomic_load(&sched.fork_hooks.spill, RELAXED)(worker);
}

/* How many children lie on the calling task's stack that it has not joined. */
static inline uint64_t sched_forks_unjoined(void)
{
    struct sched_worker *worker = sched_worker();
    if (likely(!sched_forks_pending(worker) && worker->forks.chain == NULL))
        return 0;
    /* RELAXED: the task has forked, here or before it came here. */
    return atomic_load(&sched.fork_hooks.count_unjoined, RELAXED)(worker);
}

/* For a task that ends: panics unless it has joined all that it forked since there were `before`.
 */
static inline void sched_forks_check(uint64_t before)
{
    /* RELAXED: as in sched_forks_unjoined; one of the two numbers is not 0. */
    if (unlikely(sched_forks_unjoined() != before))
        atomic_load(&sched.fork_hooks.end_unjoined, RELAXED)();
}

/*
 * As many descriptors, not yet touched, for who must not fail later; and such a one made ready,
 * which is not counted as spawned.
 */
struct keel_task *sched_tasks_reserve(size_t count);
void sched_task_init(struct keel_task *task, const void *spawn_site);

/* As sched_task_make, but the task is not counted as spawned: it may not come to be. */
struct keel_task *sched_task_prepare(const void *spawn_site);

/* As sched_start, but wakes nobody. */
void sched_push_fresh(struct sched_worker *worker, struct keel_task *task);

/* Asks all other workers that have forked to show what they fork next (fork.c). */
void sched_ask_for_forks(const struct sched_worker *worker);

#endif
