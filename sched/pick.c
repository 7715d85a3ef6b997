/*
 * What a runner does next: its own queues, then everybody's.
 *
 * A worker has three places for tasks that can run. The *next* slot holds the task that it readied
 * last: most often the running task is about to wait for that very one, so it runs next, while its
 * memory is warm. The *ring* holds what was woken or has yielded before that, first in, first out.
 * The *deque* holds fresh tasks, newest first, because an await takes its child from there.
 *
 * Fairness. The slot is taken at most three times in a row when the others hold something; ring and
 * deque take turns, and every fourth turn of the ring is the global queue's, if that holds any. But
 * while more sleepers are due than can run, thirty-one woken tasks go before each fresh one: what
 * has begun goes on in time, and what has not begins later, and takes no stack meanwhile. Every
 * 61st pick looks first for what may have waited longest: the oldest fresh task, other workers'
 * tasks, fresh ones that found no stack. So nothing waits for ever behind a pair of tasks that keep
 * readying each other, on one worker too; nor behind a task that only creates and awaits,
 * because the child that it runs itself (host.c) counts as a pick.
 *
 * Stealing. To take the only task of a busy worker most often does harm: its owner is about to wait
 * for it, or to park and run it, long before we could have moved it here. But its owner may also
 * compute for a second. So a lone task in a deque or a slot is taken when its owner has *not moved*
 * between two looks some microseconds apart (sched_worker.pick_count, id_next and move_count count
 * its picks, its spawns, and what it puts into channels or takes from them), or when it has stood
 * there for some looks although its owner moves, in a slot for many: a sender that fills a
 * channel's ring is about to wait for the receiver, which elsewhere would cost a cache line a
 * message. Of two or more, a searcher takes half. A ring's lone task is taken at the end of a
 * search: it has waited for its turn long enough. A worker from whose slot a task had to be taken
 * computes for long after it hands over, and pays for a wake from then on when it does so
 * (sched_wake_for_next), until a search looks in vain: so the stages of a pipeline run side by
 * side.
 */
#include "sched/fork_hooks.h"
#include "sched/sched.h"

enum {
    next_in_a_row = 3,
    woken_in_a_row_late = 31,
    steal_most = 32,
    /*
     * A search looks so many times at least, with the pauses some tens of microseconds (waking an
     * idle core costs 28); while others spawn and take, so many at most: a millisecond, next to
     * which the wake that they would have to pay is small; after a nap (idle.c), a few times.
     */
    search_rounds = 16,
    search_rounds_most = 350,
    search_rounds_nap = 3,
    pauses_between_rounds = 64,
    /* Looks that find one task where its owner, who moves, leaves it: in a slot, a tenth of a
     * millisecond; in a deque, as little of it as leaves time for a wake. */
    looks_at_next = 40,
    looks_at_fresh = 12,
};

/* ---- the worker's own queues */

bool sched_entry_taken(struct keel_task *task)
{
    /* RELAXED: not queued for an await means that no await looks at it. */
    if (atomic_load(&task->entry, RELAXED) == SCHED_ENTRY_NONE)
        return true;
    /* ACQ_REL: with the compare-and-swap in claim_for_await and the exchange in end_hosting. */
    switch (atomic_exchange_shared(&task->entry, SCHED_ENTRY_NONE, ACQ_REL)) {
    case SCHED_ENTRY_QUEUED:
        return true;
    case SCHED_ENTRY_ABANDONED:
        sched_task_recycle(task);
        return false;
    default:
        return false;
    }
}

static struct keel_task *take_fresh(struct sched_worker *worker)
{
    struct keel_task *task = deque_take(&worker->fresh);
    while (task != NULL && unlikely(!sched_entry_taken(task)))
        task = deque_take(&worker->fresh);
    return task;
}

static struct keel_task *take_oldest_fresh(struct sched_worker *worker)
{
    struct keel_task *task = deque_steal(&worker->fresh);
    return task != NULL && sched_entry_taken(task) ? task : NULL;
}

static inline struct keel_task *take_next(struct sched_worker *worker)
{
    /* RELAXED: looked at again. */
    if (atomic_load(&worker->next, RELAXED) == NULL)
        return NULL;
    /* ACQUIRE: with the exchange in sched_ready; a thief may have been faster. */
    return atomic_exchange_shared(&worker->next, NULL, ACQUIRE);
}

static bool is_fresh_turn(struct sched_worker *worker)
{
    unsigned most = sched_timers_late(worker) ? woken_in_a_row_late : 1;
    return worker->woken_row >= most;
}

/* What the ring had no room for has every fourth of its turns, whether ours are odd picks or even.
 */
static struct keel_task *take_woken(struct sched_worker *worker)
{
    struct keel_task *task = NULL;
    if (unlikely(sched_anyone_global()) && (worker->pick_count & 6) == 0)
        task = sched_global_pop();
    return task != NULL ? task : ring_pop(&worker->ready);
}

static struct keel_task *take_in_turn(struct sched_worker *worker)
{
    worker->next_row = 0;
    if (is_fresh_turn(worker)) {
        worker->woken_row = 0;
        struct keel_task *task = take_fresh(worker);
        return task != NULL ? task : take_woken(worker);
    }
    worker->woken_row++;
    struct keel_task *task = take_woken(worker);
    return task != NULL ? task : take_fresh(worker);
}

/* ---- other workers' queues */

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
 * Which lone tasks a thief takes: of an owner that has not moved only, a ring's too, all. Who may
 * hold a lock takes what is queued: for a forked child it would need a descriptor, and that takes a
 * system call now and then.
 */
enum greed { LEAVE_LONE, TAKE_LONE_READY, TAKE_ALL_QUEUED, TAKE_ALL };

/*
 * How many tasks to take of so many. Tasks under way from one worker's queue to another's are seen
 * by nobody, and who has looked in vain may sleep: so only a searcher, whose sched_search_end looks
 * at what it has brought, takes more than the one that it is going to run.
 */
static int64_t share_of(int64_t length, enum greed greed)
{
    int64_t half = (length + 1) / 2;
    if (greed >= TAKE_ALL_QUEUED)
        return 1;
    return half < steal_most ? half : steal_most;
}

/* Takes some of what the victim's deque holds; the oldest is returned, the others are ours. */
static struct keel_task *steal_fresh(struct sched_worker *worker, struct sched_worker *victim,
                                     enum greed greed)
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
                                     enum greed greed)
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

/* What a searcher saw of one who has a lone task. */
struct look {
    struct sched_worker *lone; /* NULL: nobody had one */
    uint64_t progress;         /* of that one, then */
    uint64_t mark;             /* of the task: lone_mark */
    unsigned looks;            /* that saw it there, in a row */
    uint64_t all;              /* progress of all together */
};

/* Changes whenever the worker picks, spawns, or moves an element. */
static uint64_t progress_of(struct sched_worker *victim)
{
    /* RELAXED: numbers that are compared with themselves. */
    return atomic_load(&victim->pick_count, RELAXED) + atomic_load(&victim->id_next, RELAXED) +
           atomic_load(&victim->move_count, RELAXED);
}

/* Whether the victim kept a task that others could have run. It is taken for granted again later.
 */
static void note_keeps(struct sched_worker *victim, bool keeps)
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
static bool keeps_too_long(struct look *before, struct look *now, struct sched_worker *victim,
                           uint64_t mark, unsigned looks_most)
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
                                      struct look *before, struct look *now, enum greed greed)
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
    bool take_lone = greed >= TAKE_ALL_QUEUED;
    if (!take_lone && (is_lone || next != NULL))
        take_lone = keeps_too_long(before, now, victim, lone_mark(victim, fresh, next),
                                   next != NULL ? looks_at_next : looks_at_fresh);
    if (fresh > 0 && (!is_lone || take_lone))
        task = steal_fresh(worker, victim, greed);
    if (task == NULL && ready > 0 && (!is_lone || take_lone || greed == TAKE_LONE_READY))
        task = steal_ready(worker, victim, greed);
    if (task == NULL && next != NULL && take_lone) {
        task = take_next(victim);
        if (greed < TAKE_ALL_QUEUED)
            note_keeps(victim, true);
    }
    return task;
}

static struct keel_task *steal_from(struct sched_worker *worker, struct sched_worker *victim,
                                    struct look *before, struct look *now, enum greed greed)
{
    struct keel_task *task = steal_queued(worker, victim, before, now, greed);
    if (task == NULL && greed != TAKE_ALL_QUEUED && fork_looks_shared(&victim->forks))
        task =
            atomic_load(&sched.fork_hooks.steal, RELAXED)(victim); /* RELAXED: see the line above */
    return task;
}

/* One round over all other workers. */
static struct keel_task *steal(struct sched_worker *worker, struct look *look, enum greed greed)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    uint32_t first = next_random(worker) % count;
    struct look now = {.lone = NULL};
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

/* Other workers' tasks, whoever has them: once in a while, or for who has nothing else. */
static struct keel_task *steal_any(struct sched_worker *worker, enum greed greed)
{
    struct look look = {.lone = NULL};
    return steal(worker, &look, greed);
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
        if (atomic_load(&other->block->fork_limit, RELAXED) != NULL)
            atomic_store(&other->block->fork_limit, NULL, RELAXED);
    }
}

/* ---- picking */

enum oldest { OLDEST_FRESH, OLDEST_ELSEWHERE, OLDEST_STARVED, OLDEST_KINDS };

static enum oldest oldest_kind(uint32_t count)
{
    return count / sched_picks_between_oldest % OLDEST_KINDS;
}

static struct keel_task *pick_oldest(struct sched_worker *worker, uint32_t count)
{
    switch (oldest_kind(count)) {
    case OLDEST_FRESH:
        return take_oldest_fresh(worker);
    case OLDEST_ELSEWHERE:
        return process_is_alone() ? NULL : steal_any(worker, TAKE_ALL_QUEUED);
    default:
        return sched_starved_pop();
    }
}

struct keel_task *sched_pick_local(struct sched_worker *worker)
{
    uint32_t count = worker->pick_count + 1;
    struct keel_task *task = NULL;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of */
    if (unlikely(count % sched_picks_between_oldest == 0))
        task = pick_oldest(worker, count);
    if (task == NULL && likely(worker->next_row < next_in_a_row)) {
        worker->next_row++;
        task = take_next(worker);
    }
    if (task == NULL)
        task = take_in_turn(worker);
    if (task == NULL)
        task = take_next(worker);
    return task;
}

struct keel_task *sched_take_turns(struct sched_worker *worker, struct keel_task *self)
{
    uint32_t count = worker->pick_count + 1;
    struct keel_task *oldest = ring_oldest(&worker->ready);
    /* RELAXED: our own, alone. */
    if (oldest == NULL || oldest->context == NULL || count % sched_picks_between_oldest == 0 ||
        atomic_load(&worker->next, RELAXED) != NULL || !deque_looks_empty(&worker->fresh) ||
        sched_anyone_global() || sched_anyone_starved() || !ring_push(&worker->ready, self))
        return NULL;
    worker->next_row = 0;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of */
    return ring_pop(&worker->ready);
}

static struct keel_task *look_once(struct sched_worker *worker, struct look *look)
{
    struct keel_task *task = sched_global_pop();
    if (task == NULL)
        task = steal(worker, look, LEAVE_LONE);
    if (task == NULL && sched_anyone_starved() && sched_have_spare(worker))
        task = sched_starved_pop();
    if (task == NULL && sched_timers_run_all(worker))
        task = sched_pick_local(worker);
    if (task == NULL)
        sched_ask_for_forks(worker);
    return task;
}

/*
 * Looks everywhere. While others run, work may appear at any moment, and to be woken costs tens of
 * microseconds: so one searcher looks on for a while before it gives up.
 */
static struct keel_task *search(struct sched_worker *worker)
{
    struct look look = {.lone = NULL};
    unsigned rounds_most = worker->naps > 0 ? search_rounds_nap : search_rounds_most;
    unsigned fruitless = 0;
    for (unsigned round = 0; round < rounds_most && fruitless < search_rounds; round++) {
        uint64_t before = look.all;
        struct keel_task *task = look_once(worker, &look);
        if (task != NULL)
            return task;
        fruitless = look.all == before ? fruitless + 1 : 0;
        /* RELAXED: hints; what is missed here is found by the check in nothing_to_do (idle.c). */
        if (atomic_load(&sched.awake, RELAXED) <= 1)
            return steal_any(worker, TAKE_ALL);
        if (atomic_load(&sched.searching, RELAXED) > 1)
            break;
        /* Each look takes the victims' cache lines away from them: so not too often. */
        for (unsigned i = 0; i < pauses_between_rounds; i++)
            arch_pause();
    }
    if (look.lone != NULL)
        note_keeps(look.lone, false);
    return steal(worker, &look, TAKE_LONE_READY);
}

struct keel_task *sched_find_work(struct sched_worker *worker)
{
    for (;;) {
        sched_timers_run(worker);
        struct keel_task *task = sched_pick_local(worker);
        if (task == NULL && sched_timers_run_all(worker))
            continue;
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
            worker->naps = 0;
            sched_search_end(worker);
            sched_timers_pass_on();
            if (unlikely(sched_anyone_starved()))
                sched_serve_starved(worker);
            return task;
        }
    }
}

/* Whether any other worker's queues hold a task. A hint. */
static bool others_have_any(const struct sched_worker *worker)
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

bool sched_pick_child_late(struct sched_worker *worker, const struct keel_task *child)
{
    enum oldest kind = oldest_kind(worker->pick_count + 1);
    sched_timers_run(worker);
    if (kind == OLDEST_FRESH) {
        const struct keel_task *oldest = deque_oldest(&worker->fresh);
        if (oldest != NULL && oldest != child)
            return false;
    }
    if (kind == OLDEST_ELSEWHERE && others_have_any(worker))
        return false;
    /* RELAXED: hints; what is missed has another turn. */
    return atomic_load(&worker->next, RELAXED) == NULL && ring_looks_empty(&worker->ready) &&
           !sched_anyone_global() && !sched_anyone_starved();
}

bool sched_anyone_ready(struct sched_worker *worker, bool look_at_others)
{
    if (unlikely(sched_anyone_starved()) && sched_have_spare(worker)) {
        struct keel_task *starved = sched_starved_pop();
        if (starved != NULL)
            sched_push_ready(worker, starved);
    }
    /* RELAXED: the slot is looked at again when it is taken. */
    if (atomic_load(&worker->next, RELAXED) != NULL || !ring_looks_empty(&worker->ready) ||
        !deque_looks_empty(&worker->fresh) || sched_anyone_global())
        return true;
    if (process_is_alone())
        return false;
    /* Other workers' queues are theirs to serve; now and then we look, in case they are long at
     * work. */
    uint32_t count = worker->pick_count + 1;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of */
    if (count % sched_picks_between_oldest != 0 && !look_at_others)
        return false;
    struct keel_task *other = steal_any(worker, TAKE_ALL);
    if (other != NULL)
        sched_push_ready(worker, other);
    return other != NULL;
}
