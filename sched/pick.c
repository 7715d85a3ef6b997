/*
 * What a runner does next: its own queues, then everybody's.
 *
 * Fairness. Ring and deque take turns; every 61st pick looks first for what may have waited
 * longest, so that nothing waits for ever behind a pair of tasks that keep readying each other, on
 * one worker too.
 */
#include "sched/sched.h"

enum {
    picks_between_oldest = 61,
    search_rounds = 16, /* with the pauses, tens of microseconds */
    pauses_between_rounds = 64,
};

/* xorshift32 (Marsaglia, 2003): where to begin the round of victims. */
static uint32_t next_random(struct sched_worker *worker)
{
    uint32_t value = worker->random;
    value ^= value << 13;
    value ^= value >> 17;
    value ^= value << 5;
    return worker->random = value;
}

static struct keel_task *steal_from(struct sched_worker *victim, bool lone_too)
{
    if (!lone_too && deque_length(&victim->fresh) + ring_length(&victim->ready) < 2)
        return NULL;
    struct keel_task *task = deque_steal(&victim->fresh);
    if (task == NULL)
        task = ring_pop(&victim->ready);
    return task;
}

/*
 * One round over all other workers. A victim's only task is left alone unless `lone_too`: most
 * often its owner is about to wait for it, or to park and take it, long before we could have moved
 * it here.
 */
static struct keel_task *steal(struct sched_worker *worker, bool lone_too)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    uint32_t first = next_random(worker) % count;
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *victim = sched.workers[(first + i) % count];
        if (victim == worker)
            continue;
        struct keel_task *task = steal_from(victim, lone_too);
        if (task != NULL) {
            worker->steal_count++;
            return task;
        }
    }
    return NULL;
}

/*
 * What may have waited longest, each in its turn: the global queue, our own oldest fresh task, and
 * other workers' tasks: they may be long at work while we are busy with tasks that keep readying
 * each other.
 */
static struct keel_task *pick_oldest(struct sched_worker *worker)
{
    switch (worker->pick_count / picks_between_oldest % 4) {
    case 0:
        return sched_global_pop();
    case 1:
        return deque_steal(&worker->fresh);
    case 2:
        return steal(worker, true);
    default:
        return sched_starved_pop();
    }
}

/* The next task of this worker's own queues, or NULL. */
struct keel_task *sched_pick_local(struct sched_worker *worker)
{
    struct keel_task *task = NULL;
    unsigned count = ++worker->pick_count;
    if (count % picks_between_oldest == 0)
        task = pick_oldest(worker);
    if (task == NULL && count % 2 == 0)
        task = deque_take(&worker->fresh);
    if (task == NULL)
        task = ring_pop(&worker->ready);
    if (task == NULL && count % 2 != 0)
        task = deque_take(&worker->fresh);
    return task;
}

/*
 * Looks everywhere. While others run, work may appear at any moment, and to be woken costs tens of
 * microseconds: so one searcher looks on for a while before it gives up. At the end it takes what
 * is left, a victim's only task too: whose owner computes on, its task must not wait for it.
 */
static struct keel_task *search(struct sched_worker *worker)
{
    struct keel_task *task = NULL;
    for (unsigned round = 0; task == NULL && round < search_rounds; round++) {
        task = sched_global_pop();
        if (task == NULL)
            task = steal(worker, false);
        if (task == NULL && sched_anyone_starved() && sched_have_spare(worker))
            task = sched_starved_pop();
        /* RELAXED: hints; what is missed here is found by the check in nothing_to_do (idle.c). */
        if (task == NULL &&
            (atomic_load(&sched.searching, RELAXED) > 1 || atomic_load(&sched.awake, RELAXED) <= 1))
            break;
        /* Each look takes the victims' cache lines away from them: so not too often. */
        for (unsigned i = 0; task == NULL && i < pauses_between_rounds; i++)
            arch_pause();
    }
    return task != NULL ? task : steal(worker, true);
}

/* The next task for the calling runner; sleeps until there is one. NULL: the worker must retire. */
struct keel_task *sched_find_work(struct sched_worker *worker)
{
    for (;;) {
        sched_timers_run();
        struct keel_task *task = sched_pick_local(worker);
        if (task == NULL) {
            sched_search_begin(worker);
            task = search(worker);
        }
        if (task == NULL) {
            if (unlikely(sched_worker_must_retire(worker)))
                return NULL;
            sched_idle_sleep(worker);
        } else if (task->context == NULL && !sched_may_begin(worker)) {
            sched_starve(task);
        } else {
            sched_search_end(worker);
            if (sched_timers_uncovered())
                sched_wake_one(false);
            if (unlikely(sched_anyone_starved()))
                sched_serve_starved(worker);
            return task;
        }
    }
}

bool sched_anyone_ready(struct sched_worker *worker)
{
    if (unlikely(sched_anyone_starved()) && sched_have_spare(worker)) {
        struct keel_task *starved = sched_starved_pop();
        if (starved != NULL)
            sched_push_ready(worker, starved);
    }
    if (!ring_looks_empty(&worker->ready) || !deque_looks_empty(&worker->fresh) ||
        sched_anyone_global())
        return true;
    /* Other workers' queues are theirs to serve; now and then we look, in case they are long at
     * work. */
    if (++worker->pick_count % picks_between_oldest != 0)
        return false;
    struct keel_task *other = steal(worker, true);
    if (other != NULL)
        sched_push_ready(worker, other);
    return other != NULL;
}
