/*
 * To take the only task of a busy worker most often does harm: its owner is about to wait for it,
 * or to park and run it, long before we could have moved it here. But its owner may also compute
 * for a second. So a lone task in a deque or a slot is taken when its owner has *not moved* between
 * two looks some microseconds apart (sched_worker.pick_count, id_next and move_count count its
 * picks, its spawns, and what it puts into channels or takes from them), or when it has stood there
 * for some looks although its owner moves, in a slot for many: a sender that fills a channel's ring
 * is about to wait for the receiver, which elsewhere would cost a cache line a message.
 *
 * Of two or more, a searcher takes half. A ring's lone task is taken at the end of a search: it has
 * waited for its turn long enough. A worker from whose slot a task had to be taken computes for
 * long after it hands over, and pays for a wake from then on when it does so (sched_wake_for_next),
 * until a search looks in vain: so the stages of a pipeline run side by side.
 */
#include "sched/steal.h"

#include "sched/fork_hooks.h"

enum {
    steal_most = 32,
    /* Looks that find one task where its owner, who moves, leaves it: in a slot, a tenth of a
     * millisecond; in a deque, as little of it as leaves time for a wake. */
    looks_at_next = 40,
    looks_at_fresh = 12,
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

/*
 * How many tasks to take of so many. Tasks under way from one worker's queue to another's are seen
 * by nobody, and who has looked in vain may sleep: so only a searcher, whose sched_search_end looks
 * at what it has brought, takes more than the one that it is going to run.
 */
static int64_t share_of(int64_t length, enum steal_greed greed)
{
    int64_t half = (length + 1) / 2;
    if (greed >= STEAL_ALL_QUEUED)
        return 1;
    return half < steal_most ? half : steal_most;
}

/* Takes some of what the victim's deque holds; the oldest is returned, the others are ours. */
static struct keel_task *steal_fresh(struct sched_worker *worker, struct sched_worker *victim,
                                     enum steal_greed greed)
{
    int64_t count = share_of(deque_length(&victim->fresh), greed);
    struct keel_task *first = NULL;
    for (int64_t taken = 0; taken < count; taken++) {
        struct keel_task *task = deque_steal(&victim->fresh);
        if (task == NULL)
            break;
        if (first == NULL) {
            if (sched_entry_taken(task))
                first = task;
        } else if (!deque_push(&worker->fresh, task)) {
            if (sched_entry_taken(task))
                sched_global_push(task);
            break;
        }
    }
    return first;
}

static struct keel_task *steal_ready(struct sched_worker *worker, struct sched_worker *victim,
                                     enum steal_greed greed)
{
    int64_t count = share_of(ring_length(&victim->ready), greed);
    struct keel_task *first = ring_pop(&victim->ready);
    for (int64_t taken = 1; first != NULL && taken < count; taken++) {
        struct keel_task *task = ring_pop(&victim->ready);
        if (task == NULL)
            break;
        sched_push_ready(worker, task);
    }
    return first;
}

/* Changes whenever the worker picks, spawns, or moves an element. */
static uint64_t progress_of(struct sched_worker *victim)
{
    /* RELAXED: numbers that are compared with themselves. */
    return atomic_load(&victim->pick_count, RELAXED) + atomic_load(&victim->id_next, RELAXED) +
           atomic_load(&victim->move_count, RELAXED);
}

void sched_note_keeps(struct sched_worker *victim, bool keeps)
{
    /* RELAXED: a hint; written only when it changes, because its line is the victim's. */
    if (atomic_load(&victim->keeps_tasks, RELAXED) != keeps)
        atomic_store(&victim->keeps_tasks, keeps, RELAXED);
}

/*
 * Tells one lone task of a victim from the next: a slot's by its address, a deque's by its place,
 * which no other will have. 0, for a ring's: its turn comes at the end of the search.
 */
static uint64_t lone_mark(struct sched_worker *victim, int64_t fresh, const struct keel_task *next)
{
    if (next != NULL)
        return (uintptr_t)next;
    return fresh > 0 ? (uint64_t)deque_top(&victim->fresh) + 1 : 0;
}

/*
 * Whether the victim keeps its lone task too long: it has not moved since the last look, or it
 * moves and leaves the task where it is for `looks_most` looks. Of several victims one is watched,
 * as long as it has a lone task.
 */
static bool keeps_too_long(struct steal_look *before, struct steal_look *now,
                           struct sched_worker *victim, uint64_t mark, unsigned looks_most)
{
    uint64_t progress = progress_of(victim);
    bool again = before->lone == victim;
    unsigned looks = again && mark != 0 && before->mark == mark ? before->looks + 1 : 0;
    if (now->lone == NULL || again) {
        now->lone = victim;
        now->progress = progress;
        now->mark = mark;
        now->looks = looks;
    }
    return (again && before->progress == progress) || looks >= looks_most;
}

static struct keel_task *steal_queued(struct sched_worker *worker, struct sched_worker *victim,
                                      struct steal_look *before, struct steal_look *now,
                                      enum steal_greed greed)
{
    int64_t fresh = deque_length(&victim->fresh);
    int64_t ready = ring_length(&victim->ready);
    /* RELAXED: looked at again when it is taken. */
    const struct keel_task *next = atomic_load(&victim->next, RELAXED);
    struct keel_task *task = NULL;
    int64_t count = fresh + ready + (next != NULL);
    if (count <= 0)
        return NULL;
    bool is_lone = count == 1;
    bool take_lone = greed >= STEAL_ALL_QUEUED;
    if (!take_lone && (is_lone || next != NULL))
        take_lone = keeps_too_long(before, now, victim, lone_mark(victim, fresh, next),
                                   next != NULL ? looks_at_next : looks_at_fresh);
    if (fresh > 0 && (!is_lone || take_lone))
        task = steal_fresh(worker, victim, greed);
    if (task == NULL && ready > 0 && (!is_lone || take_lone || greed == STEAL_LONE_READY))
        task = steal_ready(worker, victim, greed);
    if (task == NULL && next != NULL && take_lone) {
        task = sched_take_next(victim);
        if (greed < STEAL_ALL_QUEUED)
            sched_note_keeps(victim, true);
    }
    return task;
}

static struct keel_task *steal_from(struct sched_worker *worker, struct sched_worker *victim,
                                    struct steal_look *before, struct steal_look *now,
                                    enum steal_greed greed)
{
    struct keel_task *task = steal_queued(worker, victim, before, now, greed);
    if (task == NULL && greed != STEAL_ALL_QUEUED && fork_looks_shared(&victim->forks))
        task =
            atomic_load(&sched.fork_hooks.steal, RELAXED)(victim); /* RELAXED: see the line above */
    return task;
}

struct keel_task *sched_steal(struct sched_worker *worker, struct steal_look *look,
                              enum steal_greed greed)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    uint32_t first = next_random(worker) % count;
    struct steal_look now = {.lone = NULL};
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *victim = sched.workers[(first + i) % count];
        if (victim == worker)
            continue;
        struct keel_task *task = steal_from(worker, victim, look, &now, greed);
        if (task != NULL) {
            sched_count(&worker->counts.steals);
            return task;
        }
        now.all += progress_of(victim);
    }
    *look = now;
    return NULL;
}

struct keel_task *sched_steal_any(struct sched_worker *worker, enum steal_greed greed)
{
    struct steal_look look = {.lone = NULL};
    return sched_steal(worker, &look, greed);
}

void sched_ask_for_forks(const struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *other = sched.workers[i];
        /* RELAXED: a hint; who has not forked yet looks at the sleepers when he does. */
        if (other == worker || atomic_load(&other->forks.base, RELAXED) == NULL)
            continue;
        /* RELAXED: fork.c argues it; a look first, because a store takes the line away. */
        struct thread_block *block = atomic_load(&other->block, RELAXED);
        if (atomic_load(&block->fork_limit, RELAXED) != NULL)
            atomic_store(&block->fork_limit, NULL, RELAXED);
    }
}

bool sched_others_have_any(const struct sched_worker *worker)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *other = sched.workers[i];
        /* RELAXED: a hint. */
        if (other != worker &&
            (!ring_looks_empty(&other->ready) || !deque_looks_empty(&other->fresh) ||
             atomic_load(&other->next, RELAXED) != NULL || fork_looks_shared(&other->forks)))
            return true;
    }
    return false;
}
