/*
 * When a worker sleeps, and who wakes it.
 *
 * The goal: no wake-up is lost (work that somebody made findable is found although every worker was
 * just about to sleep), and as few wakes as possible: waking an idle core is the dearest thing that
 * a scheduler does.
 *
 * Rejected: waking a worker for every task (thundering herds); a counting semaphore of tasks (two
 * locked operations a task even when nobody sleeps); one common futex (wakes are not directed, and
 * the kernel's queue lock becomes the scheduler's).
 *
 * A worker is running, searching, or asleep. `searching` counts the searchers; at most one is woken
 * at a time, because one searcher that finds work wakes the next.
 *
 * Who makes work findable (sched_ready, sched_start):
 *     1. puts the task into a queue;
 *     2. fence SEQ_CST;
 *     3. when nobody searches and somebody sleeps (or may be made): claims the search by a
 *        compare-and-swap of `searching` from 0 to 1, takes a sleeper off the list, counts it
 *        awake, sets its word and wakes it. The claim passes to the woken worker.
 *
 * Who goes to sleep:
 *     a. gives up its search (`searching` - 1), and then what nobody needs while it sleeps: memory
 *        that lies deep in stacks, which may take a while;
 *     b. enters the list of sleepers, counts itself no longer awake;
 *     b2. asks those who fork to show their next children, and to wake somebody then (fork.c);
 *     c. fence SEQ_CST;
 *     d. looks at all queues once more; when there is work, leaves the list and searches again;
 *     e. waits on its word.
 *
 * Why nothing is lost. By the two fences, either step d sees the task of step 1, or step 3 sees the
 * search given up in a and the sleeper of b. If step 3 sees another searcher instead, that one has
 * yet to pass b, c, d, and will see the task there; or it finds other work first: then it is the
 * last searcher, and sched_search_end does step 3 in its place. (One fence is enough there: it lies
 * behind the end of the search, so behind the fence 2 of whoever saw that search; so it sees his
 * task, and the sleeper who did not.)
 *
 * Who leaves for good (worker.c says when), having found nothing to do, as a searcher:
 *     r1. gives up its search;
 *     r2. fence SEQ_CST;
 *     r3. under idle_lock, in one go: counts itself no longer awake, and takes a sleeper, if there
 *         is one, off the list and counts it awake; a search is counted for it;
 *     r4. sets its word and wakes it. From r3 on it touches nothing else.
 * Nothing is lost by that either. Who made work findable and relied on its search did so before r1.
 * If somebody sleeps at r3, he is woken, and looks everywhere. If nobody does, all others are awake
 * or on their way to sleep before step b: each of them will look at all queues, in step d at the
 * latest, which his passing idle_lock after r3 puts behind r2. The same holds for the timer that
 * nobody covers and for the starved task: the woken one, or the next to go to sleep, sees to them.
 * And the verdict that the one who leaves does not give is given by him: because r3 is one step, no
 * moment is between in which all others sleep, the count is above 0 by the one who leaves, and
 * nobody will look again.
 *
 * Naps. A task in its owner's slot (pick.c) is most often run by its owner at once, so whoever puts
 * one there should not pay for a wake. But its owner may compute for long. So while others are
 * awake one of the sleepers only *naps*: it looks again after a millisecond, and takes such a task
 * if its owner has not moved. While somebody naps, nobody is woken for a slot
 * (sched_wake_for_next), and who begins to nap need not look into the slots in step d. After
 * naps_most naps without work it sleeps like the others, having looked into the slots too; then the
 * next slot that is filled wakes it: a wake a second. (pick.c says when a worker is known to
 * compute for long after it hands over; it wakes at once.) Nobody naps when nobody is awake: an
 * idle process makes no system call.
 *
 * Deadlock. `awake` counts who is not in the list; a waker counts the sleeper awake before it wakes
 * it, a maker counts the worker before the clone. `outside` counts threads that run no worker, and
 * may make work too: calls that lost their worker (blocking.c), which come back, by r2 to r4 with
 * that count, when what they owed is in a queue; and foreign threads that do not wait (foreign.c).
 * Nobody else makes work. So when both counts are 0, no task runs, none is being woken, and what is
 * not in a queue or timer then will never be. Several may find that out; the first reports. Those
 * are two numbers and not one because sleepers nap, and searchers search on, while others are awake
 * and may make work without a wake (the slot): who is outside makes none.
 */
#include "base/clock.h"
#include "mem/mem.h"
#include "sched/fork_hooks.h"
#include "sched/shelve.h"
#include "sched/unusual.h"
#include "sched/watchdog.h"

enum {
    nap = 1000 * 1000, /* nanoseconds */
    naps_most = 1000,  /* in a row: a second */
};

static SELDOM bool any_child(const struct sched_worker *worker)
{
    /* RELAXED: the hook is there when the first is true. */
    return fork_looks_shared(&worker->forks) &&
           atomic_load(&sched.fork_hooks.is_findable, RELAXED)(worker);
}

SELDOM bool sched_any_work(bool next_too)
{
    if (sched_anyone_global())
        return true;
    atomic_fence(ACQUIRE); /* ACQUIRE: with the RELEASE in sched_global_take (queue.c) */
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *worker = sched.workers[i];
        if (!ring_looks_empty(&worker->ready) || !deque_looks_empty(&worker->fresh) ||
            any_child(worker))
            return true;
        /* RELAXED: after the fence of step c. */
        if (next_too && atomic_load(&worker->next, RELAXED) != NULL)
            return true;
    }
    return false;
}

/* ---- waking */

SELDOM void sched_idle_take(struct sched_worker *worker)
{
    list_remove(&worker->idle_link);
    worker->is_idle = false;
    /* RELAXED: ordered by idle_lock, and by the fences of the protocol. */
    atomic_store(&sched.idle_count, sched.idle_count - 1, RELAXED);
    atomic_store(&sched.awake, sched.awake + 1, RELAXED);
    if (worker->is_napping)
        atomic_store(&sched.napping, sched.napping - 1, RELAXED);
    worker->is_napping = false;
}

static bool may_make_worker(void)
{
    /* RELAXED: hints; sched_worker_make decides. */
    if (atomic_load(&sched.worker_count, RELAXED) >= sched_worker_limit())
        return false;
    uint32_t pause = atomic_load(&sched.make_pause, RELAXED);
    if (unlikely(pause != 0))
        atomic_store(&sched.make_pause, pause - 1, RELAXED);
    else if (unlikely(sched_worker()->is_foreign))
        atomic_load(&sched.foreign, RELAXED)->want_worker(); /* RELAXED: it is such a thread */
    else
        return true;
    return false;
}

/* Takes the worker that fell asleep last off the list. NULL: there is none. Caller holds idle_lock.
 */
static struct sched_worker *take_sleeper(void)
{
    if (list_is_empty(&sched.idle))
        return NULL;
    struct sched_worker *worker = container_of(sched.idle.next, struct sched_worker, idle_link);
    sched_idle_take(worker);
    return worker;
}

__attribute__((weak)) void sched_hook_wakes(void)
{
}

static void wake(struct sched_worker *worker)
{
    sched_place_elsewhere(worker);
    sched_thread_wake(worker->thread);
    sched_hook_wakes();
}

static bool wake_sleeper(void)
{
    lock_acquire(&sched.idle_lock);
    struct sched_worker *worker = take_sleeper();
    lock_release(&sched.idle_lock);
    if (worker == NULL)
        return false;
    wake(worker);
    return true;
}

/* Step 3. */
static void wake_if_wanted(bool may_make)
{
    for (;;) {
        /* RELAXED: ordered by the fence. */
        if (atomic_load(&sched.searching, RELAXED) != 0)
            return;
        bool make = false;
        if (atomic_load(&sched.idle_count, RELAXED) == 0) {
            make = may_make && may_make_worker();
            if (!make)
                return;
        }
        uint32_t none = 0;
        /* SEQ_CST: with the other changes of `searching`; one waker at a time. */
        if (!atomic_compare_exchange(&sched.searching, &none, 1, SEQ_CST, RELAXED))
            return;
        if (wake_sleeper() || (make && sched_worker_make()))
            return;
        /*
         * Nobody could be woken or made, so the claim is given up; and because others may have
         * relied on it meanwhile, the question is asked once more.
         */
        atomic_fetch_sub(&sched.searching, 1, SEQ_CST); /* SEQ_CST: as the claim */
        atomic_fence(SEQ_CST);
        may_make = may_make || sched_any_work(false);
    }
}

void sched_wake_other(bool may_make)
{
    atomic_fence_shared(SEQ_CST); /* SEQ_CST: step 2, with step c */
    wake_if_wanted(may_make);
}

/* Step 3, for a task in the caller's slot. */
static void wake_if_nobody_naps(void)
{
    /* RELAXED: ordered by the fence; a hint. Who naps will look soon enough, as a rule. */
    if (atomic_load(&sched.napping, RELAXED) == 0 ||
        atomic_load(&sched_worker()->keeps_tasks, RELAXED))
        wake_if_wanted(false);
}

void sched_wake_for_next(void)
{
    atomic_fence(SEQ_CST); /* SEQ_CST: step 2, with step c */
    wake_if_nobody_naps();
}

/* ---- searching */

__attribute__((weak)) void sched_hook_activity(struct sched_worker *worker,
                                               enum sched_activity activity)
{
    (void)worker;
    (void)activity;
}

void sched_search_begin(struct sched_worker *worker)
{
    if (worker->searching)
        return;
    worker->searching = true;
    sched_hook_activity(worker, SCHED_ACTIVITY_SEARCHING);
    atomic_fetch_add(&sched.searching, 1, SEQ_CST); /* SEQ_CST: with the claim in sched_wake_one */
}

void sched_search_end(struct sched_worker *worker)
{
    if (!worker->searching)
        return;
    worker->searching = false;
    sched_hook_activity(worker, SCHED_ACTIVITY_RUNNING);
    /* SEQ_CST: with the claim in sched_wake_one. */
    if (atomic_fetch_sub(&sched.searching, 1, SEQ_CST) != 1)
        return;
    /* With step 2: what was pushed while we were counted is seen, and who slept before that too. */
    atomic_fence(SEQ_CST);
    /* In the place of spawns that relied on this search a worker may be made, if there is more. */
    if (sched_any_work(false)) {
        wake_if_wanted(may_make_worker());
        return;
    }
    if (sched_any_work(true))
        wake_if_nobody_naps();
    /* Whose request was taken for our sake has another (fork.c). RELAXED: ordered by the fence. */
    if (atomic_load(&sched.idle_count, RELAXED) != 0 || may_make_worker())
        sched_ask_for_forks(worker);
}

/* ---- sleeping */

/* Step a, whose memory follows. */
static SELDOM void give_search_up(struct sched_worker *worker)
{
    worker->searching = false;
    atomic_fetch_sub(&sched.searching, 1, SEQ_CST); /* SEQ_CST: with the claim in sched_wake_one */
}

/* Step b. Returns whether this sleep is a nap. */
static SELDOM bool enter_idle(struct sched_worker *worker)
{
    lock_acquire(&sched.idle_lock);
    /* RELAXED: who will set it takes the lock first. */
    atomic_store(&worker->thread->wake_word, 0, RELAXED);
    list_push_front(&sched.idle, &worker->idle_link);
    worker->is_idle = true;
    /* RELAXED: ordered by idle_lock, and by the fences of the protocol. */
    atomic_store(&sched.idle_count, sched.idle_count + 1, RELAXED);
    atomic_store(&sched.awake, sched.awake - 1, RELAXED);
    bool naps = sched.napping == 0 && sched.awake > 0 && worker->naps < naps_most;
    worker->is_napping = naps;
    if (naps)
        atomic_store(&sched.napping, 1, RELAXED); /* RELAXED: as above */
    lock_release(&sched.idle_lock);
    return naps;
}

/*
 * Leaves the list, unless a waker was faster: then the search that it claimed is ours. Caller holds
 * idle_lock.
 */
static SELDOM void leave_or_inherit(struct sched_worker *worker)
{
    worker->searching = !worker->is_idle;
    if (worker->is_idle)
        sched_idle_take(worker);
}

SELDOM bool sched_idle_is_over(void)
{
    return sched.awake == 0 && sched.outside == 0 && !sched_timers_armed();
}

SELDOM int64_t sched_verdict(void)
{
    /* RELAXED: as in ready_foreign (run.c). */
    const struct foreign_hooks *foreign = atomic_load(&sched.foreign, RELAXED);
    int64_t again = foreign == NULL ? 0 : foreign->look();
    if (again == 0)
        sched_deadlock();
    return again;
}

/*
 * Step d. Returns whether there is nothing to do; else the worker has left the list, and has in
 * *starved a starved task that it can begin, if that is what it found. *deadline is brought forward
 * when the verdict has to wait.
 *
 * While nobody is awake and the lock is held, nobody can become awake: a sleeper that leaves,
 * because it found something or because its time has come, takes the lock first. So queues, timers
 * and the pools of stacks stand still (sleepers have none but the one of the default size that they
 * stand on), and the verdict is exact. (A starved task counts as stuck while each stack that there
 * is has somebody who stands on it: a task, or a thread without one, a sleeping worker's or a spare
 * one.)
 */
static SELDOM bool nothing_to_do(struct sched_worker *worker, bool naps, struct keel_task **starved,
                                 int64_t *deadline)
{
    lock_acquire(&sched.idle_lock);
    bool work = sched_any_work(!naps || sched.awake == 0);
    if (!work) {
        *starved = sched_take_starved(worker, sched.awake == 0);
        work = *starved != NULL;
    }
    bool dead = !work && sched_idle_is_over();
    if (work) {
        worker->naps = 0;
        leave_or_inherit(worker);
    }
    lock_release(&sched.idle_lock);
    if (dead)
        *deadline = sched_verdict();
    return !work;
}

/* Empty: without blocking calls no worker is taken over. */
__attribute__((weak)) void sched_hook_spare(struct sched_thread *thread)
{
    (void)thread;
}

/*
 * Step e. Returns false when the thread's worker was taken over meanwhile (blocking.c): the thread
 * has another one now, which is awake.
 */
static SELDOM bool wait_until_woken(struct sched_worker *worker, struct sched_thread *thread,
                                    int64_t deadline)
{
    bool waits = !sched_thread_is_woken(thread);
    if (waits) {
        sched_count(&worker->counts.sleeps);
        sched_hook_activity(worker, SCHED_ACTIVITY_IDLE);
        /* RELEASE: with the ACQUIRE in may_take (lender.c): from here on others may run it. */
        atomic_store(&thread->sleeps, true, RELEASE);
        sched_thread_sleep(thread, deadline);
    }
    lock_acquire(&sched.idle_lock);
    atomic_store(&thread->sleeps, false, RELAXED); /* RELAXED: read under idle_lock */
    if (unlikely(thread->is_spare)) {
        lock_release(&sched.idle_lock);
        sched_hook_spare(thread);
        return false;
    }
    worker->naps = worker->is_napping && worker->is_idle ? worker->naps + 1 : 0;
    leave_or_inherit(worker);
    lock_release(&sched.idle_lock);
    if (waits)
        sched_hook_activity(worker, SCHED_ACTIVITY_SEARCHING);
    return true;
}

/*
 * A waker took it off the list. Even if it has found work by itself it waits for its word: until
 * then the waker has its affinity in its hands.
 */
static SELDOM void take_over(struct sched_worker *worker)
{
    while (!sched_thread_is_woken(worker->thread))
        sched_thread_sleep(worker->thread, CLOCK_FOREVER);
    sched_place_anywhere(worker);
}

SELDOM struct keel_task *sched_idle_sleep(struct sched_worker *worker, struct mem_stack *stack)
{
    struct keel_task *starved = NULL;
    give_search_up(worker);
    /* ACQUIRE: with the RELEASE in sched_shelve_start. */
    const struct sched_shelve_hooks *shelving = atomic_load(&sched.shelving, ACQUIRE);
    if (unlikely(shelving != NULL) && shelving->idle()) {
        sched_search_begin(worker);
        return NULL;
    }
    mem_heap_collect();
    sched_share_stacks(worker);
    mem_stack_trim_all(stack);
    bool naps = enter_idle(worker);
    sched_ask_for_forks(worker); /* step b2 of fork.c */
    sched_timers_cover_begin();
    atomic_fence(SEQ_CST); /* SEQ_CST: step c, with step 2, and step 2 of timer.c */
    int64_t deadline = sched_timers_cover(worker);
    if (naps && deadline > clock_after(nap))
        deadline = clock_after(nap);
    if (nothing_to_do(worker, naps, &starved, &deadline) &&
        !wait_until_woken(worker, worker->thread, deadline))
        return NULL;
    if (worker->searching)
        take_over(worker);
    sched_timers_uncover(worker);
    /* Unless inherited: a searcher wakes the next when it finds work. */
    sched_search_begin(worker);
    return starved;
}

/* ---- leaving for good */

/* r2 to r4; `count` is the one in which the caller was counted. */
static SELDOM void leave(uint32_t *count)
{
    atomic_fence(SEQ_CST); /* r2. SEQ_CST: with step 2 */
    lock_acquire(&sched.idle_lock);
    struct sched_worker *sleeper = take_sleeper();
    if (sleeper != NULL)
        atomic_fetch_add(&sched.searching, 1, SEQ_CST); /* SEQ_CST: as the claim; passed on */
    atomic_store(count, *count - 1, RELAXED);           /* RELAXED: ordered by idle_lock */
    lock_release(&sched.idle_lock);
    if (sleeper != NULL)
        wake(sleeper);
}

SELDOM void sched_idle_leave(struct sched_worker *worker)
{
    worker->searching = false;
    sched_hook_activity(worker, SCHED_ACTIVITIES);
    atomic_fetch_sub(&sched.searching, 1, SEQ_CST); /* r1. SEQ_CST: as the claim */
    leave(&sched.awake);
}

SELDOM void sched_idle_come_back(void)
{
    leave(&sched.outside);
}
