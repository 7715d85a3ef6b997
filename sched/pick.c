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
 * readying each other, on one worker too; nor behind a task that only creates and awaits, because
 * the child that it runs itself (host.c) counts as a pick.
 */
#include "sched/pick.h"
#include "base/deep.h"
#include "sched/fork_hooks.h"
#include "sched/unusual.h"

enum {
    woken_in_a_row_late = 31,
    /*
     * A search looks so many times at least, with the pauses some tens of microseconds (waking an
     * idle core costs 28); while others spawn and take, so many at most: a millisecond, next to
     * which the wake that they would have to pay is small; after a nap (idle.c), a few times.
     */
    search_rounds = 16,
    search_rounds_most = 350,
    search_rounds_nap = 3,
    pauses_between_rounds = 64,
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

static bool is_fresh_turn(struct sched_worker *worker)
{
    unsigned most = sched_timers_late(worker) ? woken_in_a_row_late : 1;
    return worker->woken_row >= most;
}

/*
 * What the ring had no room for has every fourth of its turns, whether ours are odd picks or even,
 * and all of them when nothing is there. (Who lets its thread picks there for the last time, and is
 * to find nothing: hold.c.)
 */
static __attribute__((noinline)) struct keel_task *take_global(struct sched_worker *worker)
{
    bool is_turn =
        (worker->pick_count & 6) == 0 || (ring_looks_empty(&worker->ready) && !worker->is_foreign);
    return is_turn ? sched_global_take(worker) : NULL;
}

static struct keel_task *take_woken(struct sched_worker *worker)
{
    struct keel_task *task = unlikely(sched_anyone_global()) ? take_global(worker) : NULL;
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

/* ---- picking */

enum oldest { OLDEST_FRESH, OLDEST_ELSEWHERE, OLDEST_STARVED, OLDEST_KINDS };

static enum oldest oldest_kind(uint32_t count)
{
    return count / sched_picks_between_oldest % OLDEST_KINDS;
}

static struct keel_task *pick_oldest(struct sched_worker *worker, enum oldest kind)
{
    switch (kind) {
    case OLDEST_FRESH:
        return take_oldest_fresh(worker);
    case OLDEST_ELSEWHERE:
        return process_is_alone() ? NULL : sched_steal_any(worker, STEAL_ALL_QUEUED);
    default:
        return NULL;
    }
}

static __attribute__((noinline)) bool is_turn_of_starved(uint32_t count)
{
    return count % sched_picks_between_oldest == 0 && oldest_kind(count) == OLDEST_STARVED &&
           sched_anyone_starved();
}

/*
 * To find a stack takes calls of the kernel, and who parks may hold a lock. So at the turn of the
 * starved a pick ends with nothing, and without being counted; it comes again when the runner picks
 * that goes on then, which sees to it in find_starved.
 */

struct keel_task *sched_pick_local(struct sched_worker *worker)
{
    uint32_t count = worker->pick_count + 1;
    struct keel_task *task = NULL;
    if (unlikely(count % sched_picks_between_oldest == 0)) {
        if (is_turn_of_starved(count))
            return NULL;
        task = pick_oldest(worker, oldest_kind(count));
    }
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of in steal.c */
    if (task == NULL && likely(worker->next_row < sched_slot_in_a_row)) {
        worker->next_row++;
        task = sched_take_next(worker);
    }
    if (task == NULL)
        task = take_in_turn(worker);
    if (task == NULL)
        task = sched_take_next(worker);
    return task;
}

struct keel_task *sched_take_turns(struct sched_worker *worker, struct keel_task *self)
{
    uint32_t count = worker->pick_count + 1;
    struct keel_task *oldest = ring_oldest(&worker->ready);
    /* RELAXED: our own, alone. */
    if (oldest == NULL || oldest->context == NULL || sched_may_be_shelved(oldest) ||
        count % sched_picks_between_oldest == 0 || atomic_load(&worker->next, RELAXED) != NULL ||
        !deque_looks_empty(&worker->fresh) || sched_anyone_global() || sched_starved_have_hope() ||
        !ring_push(&worker->ready, self))
        return NULL;
    worker->next_row = 0;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of in steal.c */
    return ring_pop(&worker->ready);
}

static struct keel_task *look_once(struct sched_worker *worker, struct steal_look *look)
{
    struct keel_task *task = sched_global_take(worker);
    if (task == NULL)
        task = sched_steal(worker, look, STEAL_LEAVE_LONE);
    if (task == NULL)
        task = sched_take_starved(worker, false);
    if (task == NULL && sched_timers_run_all())
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
    struct steal_look look = {.lone = NULL};
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
            return sched_steal_any(worker, STEAL_ALL);
        if (atomic_load(&sched.searching, RELAXED) > 1)
            break;
        /* Each look takes the victims' cache lines away from them: so not too often. */
        for (unsigned i = 0; i < pauses_between_rounds; i++)
            arch_pause();
    }
    if (look.lone != NULL)
        sched_note_keeps(look.lone, false);
    return sched_steal(worker, &look, STEAL_LONE_READY);
}

/*
 * Who has found nothing may be the one after whose last task no others are left but those that wait
 * for that. To be asked while the worker still counts as awake: so nobody takes it for a deadlock.
 */
bool sched_anyone_let_go(void)
{
    atomic_fence_shared(SEQ_CST); /* SEQ_CST: step 2 of wait_all.c, with its step b */
    bool (*let_go)(void) = atomic_load(&sched.let_go, RELAXED); /* RELAXED: ordered by the fence */
    return let_go != NULL && let_go();
}

/* It is the turn of the starved (sched_pick_local): after this it is over. */
static __attribute__((noinline)) struct keel_task *find_starved(struct sched_worker *worker)
{
    /* RELAXED: see progress_of in steal.c */
    atomic_store(&worker->pick_count, worker->pick_count + 1, RELAXED);
    return sched_take_starved(worker, true);
}

struct keel_task *sched_find_work(struct sched_worker *worker, struct mem_stack *stack)
{
    for (;;) {
        sched_timers_run(worker);
        struct keel_task *task = sched_pick_local(worker);
        if (task == NULL) {
            if (unlikely(stack->size != &mem_stack_default))
                sched_hook_change_stack(NULL, stack); /* for good */
            bool starved = is_turn_of_starved(worker->pick_count + 1);
            if (unlikely(starved))
                task = find_starved(worker);
            if (task == NULL && (starved || sched_timers_run_all()))
                continue;
        }
        if (task == NULL) {
            sched_search_begin(worker);
            task = search(worker);
        }
        if (task == NULL && unlikely(sched_anyone_let_go()))
            continue;
        if (task == NULL) {
            if (unlikely(sched_worker_must_retire(worker)))
                return NULL;
            task = sched_idle_sleep(worker, stack);
            worker = sched_worker(); /* as a rule the same */
            if (likely(task == NULL))
                continue;
        }
        if (task->context == NULL && !sched_may_begin(worker, task)) {
            sched_starve(task, 0);
            continue;
        }
        worker->naps = 0;
        sched_search_end(worker);
        sched_timers_pass_on();
        if (unlikely(sched_anyone_starved()))
            sched_serve_starved(worker);
        return task;
    }
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
    if (kind == OLDEST_ELSEWHERE && sched_others_have_any(worker))
        return false;
    /* RELAXED: hints; what is missed has another turn. */
    return atomic_load(&worker->next, RELAXED) == NULL && ring_looks_empty(&worker->ready) &&
           !sched_anyone_global() && !sched_anyone_starved();
}

/* The next pick is theirs. */
static void turn_to_starved(struct sched_worker *worker)
{
    uint32_t count = worker->pick_count + 1;
    while (!is_turn_of_starved(count) && sched_anyone_starved())
        count++;
    /* RELAXED: see progress_of in steal.c */
    atomic_store(&worker->pick_count, count - 1, RELAXED);
}

static void serve_starved(void *unused)
{
    (void)unused;
    sched_serve_starved(sched_worker());
}

static void take_of_others(void *found)
{
    struct sched_worker *worker = sched_worker();
    struct keel_task *other = sched_steal_any(worker, STEAL_ALL);
    if (other == NULL)
        return;
    sched_push_ready(worker, other);
    *(bool *)found = true;
}

bool sched_anyone_ready(struct sched_worker *worker, bool look_at_others)
{
    if (unlikely(sched_anyone_starved())) {
        deep_hook_call(serve_starved, NULL);
        if (sched_starved_have_hope()) {
            turn_to_starved(worker);
            return true;
        }
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
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of in steal.c */
    if (count % sched_picks_between_oldest != 0 && !look_at_others)
        return false;
    bool found = false;
    deep_hook_call(take_of_others, &found);
    return found;
}
