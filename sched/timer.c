/*
 * Sleeping tasks: one pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986) of nodes that lie
 * on the sleepers' own stacks, under one lock; its earliest deadline stands in a word of its own,
 * so that who has nothing to wait for pays one load.
 *
 * Who looks: every worker, each time it picks a task while timers are armed. When no worker picks,
 * some worker sleeps, and a sleeper *covers* the earliest deadline: it sleeps only so long.
 *
 * Invariant: when a worker sleeps and a timer is armed, a sleeper covers a deadline that is not
 * later than the earliest, or a worker is awake that will see to it:
 *   - who goes to sleep covers the earliest deadline if it is earlier than what is covered;
 *   - who arms the new earliest one and goes on running tasks wakes a sleeper, which then covers
 * it;
 *   - who covered and wakes either was woken and passes the search on when it finds work, or
 * readies the due tasks: both wake a further sleeper, which finds nothing to do and covers
 * (idle.c).
 */
#include "base/clock.h"
#include "sched/sched.h"

TOUCHED_AT_START static struct {
    struct lock lock; /* guards the rest */
    struct sched_timer *root;
    int64_t covered;              /* the deadline until which `coverer` sleeps */
    struct sched_worker *coverer; /* NULL: nobody covers */
    bool armed;                   /* atomic, written under the lock: root != NULL */
    bool uncovered;               /* atomic, written under the lock: no sleeper covers root */
    int64_t earliest; /* atomic, written under the lock: root's deadline; valid while armed */
} timers;

/* ---- the heap */

/* Either may be NULL; each is a root without siblings. */
static struct sched_timer *meld(struct sched_timer *left, struct sched_timer *right)
{
    if (left == NULL)
        return right;
    if (right == NULL)
        return left;
    if (right->deadline < left->deadline) {
        struct sched_timer *swapped = left;
        left = right;
        right = swapped;
    }
    right->sibling = left->child;
    left->child = right;
    return left;
}

/* Melds a list of siblings: pairs from left to right, then the pairs from right to left. */
static struct sched_timer *meld_siblings(struct sched_timer *first)
{
    struct sched_timer *pairs = NULL;
    while (first != NULL) {
        struct sched_timer *left = first;
        struct sched_timer *right = left->sibling;
        first = right != NULL ? right->sibling : NULL;
        left->sibling = NULL;
        if (right != NULL)
            right->sibling = NULL;
        struct sched_timer *pair = meld(left, right);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct sched_timer *root = NULL;
    while (pairs != NULL) {
        struct sched_timer *next = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

/* To be called after every change of root or cover. Caller holds the lock. */
static void note_cover(void)
{
    bool uncovered =
        timers.root != NULL && (timers.coverer == NULL || timers.covered > timers.root->deadline);
    atomic_store(&timers.uncovered, uncovered, RELAXED); /* RELAXED: as in set_root */
}

static void set_root(struct sched_timer *root)
{
    timers.root = root;
    /* RELAXED: hints for who does not hold the lock; a sleeper looks under it. */
    if (root != NULL)
        atomic_store(&timers.earliest, root->deadline, RELAXED);
    atomic_store(&timers.armed, root != NULL, RELAXED);
    note_cover();
}

/* ---- arming and running */

void sched_timer_arm(struct keel_task *task, void *data)
{
    struct sched_timer *timer = data;
    timer->task = task;
    timer->child = NULL;
    timer->sibling = NULL;
    /* This thread goes on to run a task: then it will not cover the deadline by sleeping itself. */
    bool goes_on = thread_block()->task != NULL || sched_worker()->handed != NULL;
    lock_acquire(&timers.lock);
    set_root(meld(timers.root, timer));
    bool wake = goes_on && timers.uncovered;
    lock_release(&timers.lock);
    if (wake)
        sched_wake_one(false);
}

static struct sched_timer *pop_due(int64_t now)
{
    lock_acquire(&timers.lock);
    struct sched_timer *due = timers.root;
    if (due != NULL && due->deadline <= now)
        set_root(meld_siblings(due->child));
    else
        due = NULL;
    lock_release(&timers.lock);
    return due;
}

bool sched_timers_armed(void)
{
    return atomic_load(&timers.armed, RELAXED); /* RELAXED: see set_root */
}

bool sched_timers_uncovered(void)
{
    return atomic_load(&timers.uncovered, RELAXED); /* RELAXED: see set_root */
}

void sched_timers_run(void)
{
    if (likely(!sched_timers_armed()))
        return;
    int64_t now = clock_now();
    /* RELAXED: see set_root. */
    if (atomic_load(&timers.earliest, RELAXED) > now)
        return;
    for (struct sched_timer *due = pop_due(now); due != NULL; due = pop_due(now))
        sched_ready(due->task);
}

/* ---- covering */

int64_t sched_timers_cover(struct sched_worker *worker)
{
    int64_t deadline = CLOCK_FOREVER;
    lock_acquire(&timers.lock);
    if (timers.uncovered) {
        deadline = timers.root->deadline;
        timers.covered = deadline;
        timers.coverer = worker;
        note_cover();
    }
    lock_release(&timers.lock);
    return deadline;
}

void sched_timers_uncover(struct sched_worker *worker)
{
    lock_acquire(&timers.lock);
    if (timers.coverer == worker) {
        timers.coverer = NULL;
        note_cover();
    }
    lock_release(&timers.lock);
}
