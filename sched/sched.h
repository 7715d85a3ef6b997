/*
 * sched/: tasks and the workers that run them.
 *
 *   task.h      tasks' descriptors: made, recycled, listed
 *   deque.h     tasks that have not begun, one deque a worker
 *   ring.h      tasks that were woken or yielded, one ring a worker
 *   fork.h      forked children, one split deque a worker
 *   queue.h     tasks that found room in neither, shared
 *   pick.c steal.c  what a runner does next: its own queues, searching; other workers' queues
 *   run.c       the runner at the bottom of every stack: switching, parking
 *   spare.c     a worker's spare stacks
 *   unusual.h   tasks with stacks of other sizes (create.c); the census of stacks (census.c)
 *   shelve.h    the stacks of tasks that wait long are put aside
 *   packed.c    tasks on packed stacks, which stand on no runner but beside one
 *   finish.h    a task has parked, or ended
 *   float_control.h  tasks that have floating-point control registers of their own
 *   idle.c      when a worker sleeps and who wakes it: no wake-up is lost
 *   place.h     on which CPU a worker wakes: on another than its waker's
 *   worker.h    what a worker has; workers come and retire; how many there may be
 *   quota.h     the CPU quota of control groups
 *   wheel.h     a timing wheel
 *   timer.h     deadlines: one wheel a worker, who looks at it, who sleeps until when
 *   claim.h     who ends a wait that has a deadline
 *   deadlock.c  the report when nothing can go on
 *   owner.h     whose stack an address guards, for the fault report
 *   parking_lot.h  where tasks wait by address, for all of keel/sync.h
 *   fork.c      fork and join: the split deque and its thieves; parallel_for.c loops over it
 *   mutex.h     a lock that parks, for the rooms' own use
 *   hooks.c     what the rooms below call when there is a scheduler
 *   host.c      an unstarted task runs on the stack of the one that awaits it
 *   foreign.h   threads that are no workers: foreign.c attach.c announce.c maker.c hold.c
 *   counts.h    what each worker counts; stats.c reads it
 *   monitor.h   keel_should_yield, and the thread that answers it
 *   thread.h    threads, apart from their workers; blocking.c lender.c lend workers on
 *   side.h      threads that run no task
 *   wait_all.h  tasks that wait until no others are left
 *   stuck.h     which tasks nothing can ever wake; how a wait is noted for that
 *   spawn.c await.c await_until.c sleep.c wait_group.c   the public calls
 *
 * How it hangs together. A *runner* is a loop that takes the next ready task and calls it; it lies
 * at the bottom of every stack that tasks run on. When a task ends, its runner takes the next one
 * in the same frame: no switch. When a task parks, the stack stays with it, runner and all, and the
 * worker goes on elsewhere: directly in a task that is ready to continue, else in a new runner on a
 * spare stack. When a runner is to continue a parked task, it gives up the stack that it stands on.
 * There is no scheduler stack.
 *
 * Invariants
 *   1. A worker that runs a task (but for main before it first parks) has a spare stack in its
 *      cache, or a promise of one (mem/stack.h), which is kept at its first park; so
 *      parking never has to ask the kernel for memory. On stacks of other sizes than the default it
 *      has a spare: where nothing is to do there, a runner goes over to it (create.c). A task with
 *      a packed stack parks without (packed.c).
 *   2. A task is in at most one place: a queue, a wait list, a worker.
 *   3. Nobody can wake a task that is still on its stack: what makes it findable (unlocking the
 *      channel, publishing the waiter) is the *deferred step*, which runs after the switch, on the
 *      stack of whoever runs next.
 *
 * What may not enter: channels, signals' details, languages. Headers of rooms below only.
 */
#ifndef KEEL_SCHED_H
#define KEEL_SCHED_H

#include "base/alone.h"
#include "base/lock.h"
#include "mem/stack.h"
#include "sched/foreign.h"
#include "sched/queue.h"
#include "sched/task.h"
#include "sched/worker.h"

/* ---- the scheduler */

struct sched {
    /* Hot: looked at by every spawn and wake. */
    _Alignas(arch_cache_line) uint32_t idle_count; /* atomic; sleeping workers */
    uint32_t searching;                            /* atomic; workers that look for work */
    uint32_t napping; /* atomic, written under idle_lock: sleeping workers that soon look again */
    uint32_t worker_count; /* atomic; grows only, by one at a time */
    uint32_t worker_limit; /* atomic; 0: not yet known; see worker.c */

    uint32_t make_pause; /* atomic; spawns that will not try to make a worker: one failed */
    uint16_t unusual;    /* what all tasks have in their `unusual` */

    struct lock idle_lock;
    uint32_t awake;   /* atomic, written under idle_lock: workers not in `idle`, or being made */
    uint32_t outside; /* as awake: threads that run no worker, and can make work (idle.c) */
    uint32_t resting; /* guarded by idle_lock: of those, who waits for a stack (blocking.c) */
    struct list_node idle;        /* guarded by idle_lock; last asleep, first woken */
    struct sched_worker *newborn; /* atomic; NULL: each whose thread was made has begun (place.h) */
    const struct foreign_hooks *foreign; /* atomic; NULL: no such thread was announced */

    /* Until when sleepers sleep (timer.c). */
    _Alignas(arch_cache_line) int64_t covered; /* atomic, written under cover_lock */
    bool uncovered;                            /* atomic */
    struct lock cover_lock;
    struct sched_worker *coverer; /* guarded by cover_lock; NULL: nobody covers */

    _Alignas(arch_cache_line) struct lock queue_lock; /* guards the queues of queue.c */
    struct queue global;                              /* what found no room elsewhere */
    uint32_t starved_count; /* atomic, written under the lock: fresh tasks that found no stack */
    bool starved_hope;      /* atomic: it is worth a try to begin one (spare.c) */

    struct fork_hooks fork_hooks;
    const struct sched_shelve_hooks *shelving; /* atomic; NULL: no task is shelved (shelve.h) */

    bool (*let_go)(void); /* atomic; NULL, or to be asked by who has nothing to do (wait_all.c) */
    uint32_t exiting;     /* atomic; tasks that wait for the end of the process */

    struct sched_worker *workers[sched_worker_most]; /* atomic; [0, worker_count) are there */
};

extern struct sched sched;

static inline struct sched_worker *sched_worker(void)
{
    return thread_block()->worker;
}

static inline struct keel_task *sched_self(void)
{
    return container_of(thread_block()->task, struct keel_task, identity);
}

/* False: it is a foreign thread's descriptor (foreign.h). */
static inline bool sched_is_task(const struct keel_task *task)
{
    return (task->identity.id & foreign_identity) == 0;
}

/* Hints: whether the queues that all share (queue.h) hold anything. */
static inline bool sched_anyone_global(void)
{
    return !queue_looks_empty(&sched.global);
}

static inline bool sched_anyone_starved(void)
{
    return atomic_load(&sched.starved_count, RELAXED) != 0; /* RELAXED: as it says */
}

/* The worker begins to do something else. Empty (idle.c) in programs that do not ask (stats.c). */
void sched_hook_activity(struct sched_worker *worker, enum sched_activity activity);

/* Reads the KEEL_ variables that steer this room. */
void sched_read_options(void);

/* ---- running (run.c) */

/* Entry of a fresh stack; `stack` is the struct mem_stack that describes it. */
_Noreturn void sched_runner(void *stack);

/*
 * Parks the calling task. The deferred step runs after the switch and makes the task findable for
 * who will wake it; it must not touch the caller's stack once that is done. Returns when woken,
 * perhaps on another worker.
 */
void sched_park(enum sched_wait_reason reason, const void *object, sched_step *step, void *data);

/* The task is what the calling thread runs from here on. */
void sched_set_running(struct keel_task *task);

/* A deferred step for parks that publish themselves under a lock `data`: releases it. */
void sched_step_unlock(struct keel_task *task, void *data);

/* The deferred step of a park that nobody will end. */
void sched_step_none(struct keel_task *task, void *data);

/*
 * Makes a parked task run again, when those that are ready already have had their turn. The caller
 * must own the right to wake it.
 */
void sched_ready(struct keel_task *task);

/* As sched_ready, of all, in order but for few; the queue is empty then. */
void sched_ready_all(struct queue *tasks);

/* As sched_ready, but the task runs next: for who hands something over to it. */
void sched_ready_next(struct keel_task *task);

/* Queues a task that has not begun. */
void sched_start(struct keel_task *task);

/* Puts a task that can go on into the worker's ring; wakes nobody. */
void sched_push_ready(struct sched_worker *worker, struct keel_task *task);

/* ---- spare stacks (spare.c) */

/*
 * Whether the calling task can park: false when it has no spare stack and none can be had. (Only
 * main, before its first park, has none yet.)
 */
bool sched_can_park(void);

/*
 * Whether sched_before_park was done, or need not be: for who would do it in vain more often than
 * not, and can release the lock again to do it.
 */
static inline bool sched_is_prepared(void)
{
    const struct thread_block *block = thread_block();
    const struct sched_worker *worker = block->worker;
    return worker->stacks != NULL && !sched_forks_pending_in(block, worker);
}

/* The same, without a spare stack: the calling task has a packed one, whose park takes none. */
bool sched_is_prepared_without(void);

/*
 * To be called before the lock is taken under which the task will park: makes sure that parking
 * needs no system call (or panics), and that nothing forked is left in the split deque.
 */
void sched_get_spare(void);

static inline void sched_before_park(void)
{
    if (unlikely(!sched_is_prepared()))
        sched_get_spare();
}

/* Gives the worker's spare stacks to the pool that all share. For a worker about to sleep. */
void sched_share_stacks(struct sched_worker *worker);

/* Whether the task may begin on the worker: it has a spare stack, or a promise of one, or could get
 * either, or the task needs none. */
bool sched_may_begin(struct sched_worker *worker, const struct keel_task *task);

/* Takes the spare stack that Invariant 1 says is there. */
struct mem_stack *sched_take_spare(struct sched_worker *worker);

/* The deferred step of a runner that gave up its stack, which is `data`. */
void sched_step_release_stack(struct keel_task *task, void *data);

/* ---- hosting (host.c) */

/*
 * Runs an unstarted task to its end on the caller's own stack, if that may be, and recycles it.
 * False: it may not. May park.
 */
bool sched_host(struct keel_task *task, void **result);

/* ---- what to do next (pick.c) */

/* Every so many picks, what may have waited longest comes first. */
enum { sched_picks_between_oldest = 61 };

/*
 * To be called for a task that was taken out of a deque: whether it is still to be begun. If not,
 * it may be gone.
 */
bool sched_entry_taken(struct keel_task *task);

/*
 * To be called before the worker's task runs the child itself: that is a pick too. False: it is the
 * turn of somebody who may have waited long, and the task has to park.
 */
bool sched_pick_child_late(struct sched_worker *worker, const struct keel_task *child);

static inline bool sched_pick_child(struct sched_worker *worker, const struct keel_task *child)
{
    uint32_t count = worker->pick_count + 1;
    if (unlikely(count % sched_picks_between_oldest == 0) && !sched_pick_child_late(worker, child))
        return false;
    atomic_store(&worker->pick_count, count, RELAXED); /* RELAXED: see progress_of in steal.c */
    return true;
}

/* The next task of this worker's own queues. NULL: there is none, or a starved one has its turn. */
struct keel_task *sched_pick_local(struct sched_worker *worker);

/*
 * For who has found nothing to do, or will do nothing any more: lets those go who wait for the end
 * of all others, if that has come (wait_all.c). Whether there were any.
 */
bool sched_anyone_let_go(void);

/* The next task for the runner on `stack`; sleeps until there is one. NULL: it must retire. */
struct keel_task *sched_find_work(struct sched_worker *worker, struct mem_stack *stack);

/*
 * For one who yields, alone: takes the ring's oldest and puts the caller behind the others. NULL,
 * and nothing is done, when there is a choice, or when it is the turn of the oldest of all.
 */
struct keel_task *sched_take_turns(struct sched_worker *worker, struct keel_task *self);

/* Whether a task that yields has somebody to give way to, as far as the worker knows. */
bool sched_anyone_ready(struct sched_worker *worker, bool look_at_others);

/* ---- idling (idle.c) */

/*
 * To be called after work was made findable: sees to it that some worker will find it. `may_make`:
 * a worker may be made for it (by a spawn), not only woken.
 */
void sched_wake_other(bool may_make);

static inline void sched_wake_one(bool may_make)
{
    if (may_make || !process_is_alone())
        sched_wake_other(may_make);
}

/* As that, for a task in the caller's slot, which the caller most often runs soon by itself. */
void sched_wake_for_next(void);

void sched_search_begin(struct sched_worker *worker);
void sched_search_end(struct sched_worker *worker);

/*
 * Sleeps, on `stack`, until woken or until the next timer is due, or reports a deadlock. Returns a
 * starved task that can begin on the worker, if that was found instead.
 */
struct keel_task *sched_idle_sleep(struct sched_worker *worker, struct mem_stack *stack);

/* For a worker that retires: it is neither awake nor asleep any more. */
void sched_idle_leave(struct sched_worker *worker);

/* Whether any queue holds a task; `next_too`: the slots count. */
bool sched_any_work(bool next_too);

/* ---- deadlines (timer.h) */

/*
 * To be called whenever the worker has picked, or is about to: readies the tasks whose time has
 * come, of its own timers, and now and then of all others'. One load when no timer is armed.
 */
static inline void sched_timers_run(struct sched_worker *worker)
{
    /* RELAXED: a hint; the look takes the lock. */
    if (unlikely(--worker->looks.turn == 0) ||
        unlikely(atomic_load(&worker->timers.next, RELAXED) != CLOCK_FOREVER))
        sched_timers_look(worker);
}

/* Whether a timer has come that nobody has looked at yet. A hint; takes no lock. */
bool sched_timers_due(void);

/* ---- the rest */

/* Reports that nothing can go on, and ends the process with status 2. */
_Noreturn void sched_deadlock(void);

/* Spawns; `spawn_site` is what reports will show. 0 or -ENOMEM. */
int sched_spawn(void (*fn)(void *), void *arg, const void *spawn_site);

#endif
