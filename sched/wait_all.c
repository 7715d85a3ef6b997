/*
 * keel_wait_all: tasks that wait until no others are left.
 *
 * The goal: that somebody may wait so costs the end of a task nothing but a plain count; who waits
 * sleeps, and does not look again and again; and it is let go as soon as the last other task has
 * ended.
 *
 * Rejected: one count of all tasks (a locked instruction on one line for each spawn and each end);
 * a question at the end of each task whether somebody waits (little, but of all tasks, for what a
 * program does once); a timer that looks.
 *
 * Each worker counts the tasks that it has spawned, and those that ended on it, in words of its own
 * (counts.h). The others are gone when
 *
 *     main + all spawned = all ended + those that wait here + those that wait for the exit
 *                          + those that wait for the end of one that waits for the exit
 *
 * (the last are found by stuck.c, without the lock, because who waits so does so for good),
 * and who may be the last to end finds nothing else to do after it, because there is nothing: so
 * workers ask when they have found nothing (sched_find_work), and not at the end of a task. Who
 * begins to wait for the exit asks by itself: it may hold its thread, which looks for nothing.
 *
 * Foreign threads (foreign.h) are no tasks: none is counted when it comes or goes, waits here or
 * for the exit. What they spawn counts like all else; no task ends on them. A task in a blocking
 * call is one that runs.
 *
 * Who waits:                                  Whose task ends (or waits for the exit):
 *     a. takes the lock;                          1. counts its end;
 *     b. leaves word: let_go is not NULL;         2. fence SEQ_CST, when it has nothing to do;
 *     c. fence SEQ_CST;                           3. when there is word, takes the lock;
 *     d. are the others gone? then it lets        4. are the others gone? then it lets all go.
 *        all go, and does not wait; else
 *     e. enters the queue, parks; the lock
 *        is released after the switch.
 *
 * A task that begins to wait for one that waits for the exit counts as one that ends: step 1 is the
 * note of its wait. Step d may miss who does so just then; but a worker comes to step 2 after e.
 *
 * Who lets all go takes the word back, under the lock: so in a program in which nobody waits any
 * more no worker comes to step 3.
 *
 * Why nobody waits in vain. Let the others be gone: their last ends lie behind step 1 on some
 * workers, each of which comes to step 2, for it finds nothing, before it sleeps or retires; and
 * the last who came to wait has passed step d. Look at the last two who pass step c or step 2: by
 * the fences the later one sees all that the others had counted, or the word. Who waits and sees
 * not all ends is seen by who ends: that one finds the word, and its step 4 comes after e by the
 * lock (or before a: then the lock shows its end to d). Of two who end the later one sees both
 * ends. (tests/model/wait_all.pml explores it.)
 *
 * Why nobody is let go too early. Ends are read before spawns (are_gone). Let X be the tasks whose
 * end was read, and W those that wait. An end is counted after all that the task did, by a RELEASE
 * which the read ACQUIREs; and W came by the lock. So whatever spawns members of X and W did are
 * among those read afterwards. Suppose some other task T lives. It, or an ancestor of it that is
 * neither in X nor in W, was spawned by one of X, W; so it was read as spawned, and counts as
 * neither: the sum is greater than X and W together. (main, when it does not wait, counts from the
 * start. A thief says that it is taking a forked child before it does, and until it has counted it,
 * fork.c; so that is read in between. What a foreign thread spawns while this is read is missed, or
 * not, as if it had come later: nobody has been told of it.) An end that was not read makes the sum
 * greater too. The same RELEASE and ACQUIRE show what they all did to who is let go.
 *
 * Who is let go by step 4 is readied while who does it counts as awake or outside (idle.c), so no
 * sleeper can see all others asleep meanwhile and take it for a deadlock. If the others wait for
 * ever, it is one.
 *
 * Who lets go: first all lose their reason to wait; then `rounds` grows by one; then they are
 * readied. For stuck.c: who had that reason after a look at `rounds` was not let go by a round that
 * the look has seen; and by a later one only when `rounds` has grown: whatever is done by who was
 * let go comes after that. (tests/model/rounds.pml explores it.)
 */
#include "sched/wait_all.h"

#include "base/deep.h"
#include "sched/fork_hooks.h"
#include "sched/stuck.h"

static struct {
    struct lock lock;
    struct queue waiting; /* guarded by the lock */
    uint64_t threads;     /* of those, who are no tasks; guarded by the lock */
    uint32_t rounds;      /* atomic */
} all;

uint32_t sched_wait_all_rounds(void)
{
    return atomic_load(&all.rounds, ACQUIRE); /* ACQUIRE: with the RELEASE in ready_all */
}

/* How many tasks threads have spawned that are no workers. */
static uint64_t spawned_by_foreign(void)
{
    struct sched_counts counts = {0};
    /* RELAXED: as in ready_foreign (run.c). */
    const struct foreign_hooks *foreign = atomic_load(&sched.foreign, RELAXED);
    if (foreign != NULL)
        foreign->add_counts(&counts);
    return counts.spawned;
}

/* Whether all but so many tasks are gone. */
static bool are_gone(uint64_t waiting)
{
    /* ACQUIRE: with the RELEASE in wait_for_exit (hooks.c). */
    uint64_t gone = atomic_load(&sched.exiting, ACQUIRE);
    uint64_t spawned = 0;
    /* ACQUIRE, here and below: with the RELEASE in worker_begin (worker.c). */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        /* ACQUIRE: with the RELEASE in sched_count_ended. */
        gone += atomic_load(&sched.workers[i]->counts.ended, ACQUIRE);
    }
    count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        const struct sched_counts *counts = &sched.workers[i]->counts;
        spawned += atomic_load(&counts->taking, ACQUIRE);  /* ACQUIRE: with steal_child (fork.c) */
        spawned += atomic_load(&counts->spawned, RELAXED); /* RELAXED: see above */
    }
    return 1 + spawned + spawned_by_foreign() == gone + waiting;
}

/* Ends the waits of all of them, then readies them. */
static void ready_all(struct queue *released)
{
    for (struct keel_task *task = released->first; task != NULL; task = task->next) {
        /* RELEASE: with the ACQUIRE in waker_of (stuck.c). */
        atomic_store(&task->wait_reason, SCHED_WAIT_NONE, RELEASE);
    }
    atomic_fetch_add(&all.rounds, 1, RELEASE); /* RELEASE: with sched_wait_all_rounds */
    for (struct keel_task *task = queue_pop(released); task != NULL; task = queue_pop(released))
        sched_ready(task);
}

/* How many tasks wait for one that has exited: facts, so no lock is needed. */
static uint64_t wait_for_exiting(void)
{
    /* ACQUIRE: as in are_gone. */
    return likely(atomic_load(&sched.exiting, ACQUIRE) == 0) ? 0 : sched_stuck_behind_exit();
}

/*
 * Takes all who wait, when no others are left but `also` tasks, which the caller vouches for.
 * Caller holds the lock.
 */
static bool take_if_alone(struct queue *released, uint64_t also)
{
    if (!are_gone(all.waiting.length - all.threads + also))
        return false;
    atomic_store(&sched.let_go, NULL, RELAXED); /* RELAXED: nobody waits; the lock orders it */
    *released = all.waiting;
    all.waiting = (struct queue){0};
    all.threads = 0;
    return true;
}

/* Steps 3 and 4. Whether anyone was let go. */
static bool let_go(void)
{
    struct queue released;
    uint64_t also = wait_for_exiting();
    lock_acquire(&all.lock);
    bool any = !queue_looks_empty(&all.waiting) && take_if_alone(&released, also);
    lock_release(&all.lock);
    if (any)
        ready_all(&released);
    return any;
}

struct wait_question {
    bool may_park;
    bool goes_on;
};

/* Whether the others are gone; else the caller, which may park, has left word and has the lock. */
static void ask(void *data)
{
    struct wait_question *question = data;
    bool may_park = question->may_park;
    struct queue released;
    sched_settle_forks();
    uint64_t also = sched_is_task(sched_self()) + wait_for_exiting();
    lock_acquire(&all.lock);
    if (may_park) {
        atomic_store(&sched.let_go, let_go, RELAXED); /* RELAXED: step b; the fence orders it */
        atomic_fence_shared(SEQ_CST);                 /* SEQ_CST: step c, with step 2 */
    }
    bool alone = take_if_alone(&released, also);
    if (alone || !may_park)
        lock_release(&all.lock);
    if (alone)
        ready_all(&released);
    question->goes_on = alone;
}

static bool goes_on(bool may_park)
{
    struct wait_question question = {.may_park = may_park};
    deep_hook_call(ask, &question);
    return question.goes_on;
}

/* The caller waits, and has no worker that asks when it finds nothing to do: it asks once more. */
static void step_ask(struct keel_task *task, void *lock)
{
    sched_step_unlock(task, lock);
    let_go();
}

void keel_wait_all(void)
{
    struct sched_worker *worker = sched_worker();
    bool is_worker = !worker->is_foreign; /* nor is one who holds its thread */
    /* Who need not wait need not be able to. */
    if (goes_on(false))
        return;
    sched_before_park();
    if (goes_on(true))
        return;
    queue_push(&all.waiting, sched_self());
    all.threads += !sched_is_task(sched_self());
    sched_park(SCHED_WAIT_ALL, NULL, is_worker ? sched_step_unlock : step_ask, &all.lock);
}
