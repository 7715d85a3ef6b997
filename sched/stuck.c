/*
 * keel_stuck_tasks: which tasks nothing can ever wake, while the others run on.
 *
 * The goal: exact. A task that could still be woken is never named, whatever runs meanwhile; one
 * that is stuck when the call begins is always found, of the waits whose wakers are known
 * (wait_reason.tbl): awaits and joins, a sleep for ever, keel_wait_all. And nothing is paid before
 * somebody asks: no count, no list, no lock in a park.
 *
 * Rejected: to stop all workers and look (tasks would wait for a look at a million descriptors); a
 * snapshot that is taken again until two agree (what parks and wakes all the time never agrees, and
 * a task that has gone on and waits again for another looks the same as one that never moved); a
 * number in each task that grows with each park (it would tell the two apart, for one addition a
 * park and room in every descriptor).
 *
 * What is known. A *fact* is "the task p has begun a wait that only the end of the task c can end".
 * There are such facts of keel_task_await, and so of a join, and of a task that hosts a child. (A
 * wait that a deadline may end too is none.) Facts have three properties:
 *     - a fact stays one: it speaks of the past, of p and c by their numbers, which are never used
 *       again;
 *     - it comes once: an await consumes the handle, so p never begins a second such wait for c;
 *     - if p waits for c, then p ends after c does, if it ends at all.
 * So if facts lead from p1 to p2, from p2 to p3, ..., and back to p1, none of them ever ends: each
 * would have to end before itself. Each has begun its wait, and the wait cannot end: all of them
 * are stuck, and are so for good. The same holds for who waits for one of them, for whoever waits
 * for that one; and for who waits for a task that sleeps for ever. *When* each of these facts was
 * learnt does not matter: that is why no snapshot is needed, and no agreement of two looks.
 *
 * How a fact is learnt. Descriptors are never unmapped, but they are reused, and fields are written
 * while they are read here. Who begins a wait writes object, reason, state, in this order
 * (sched_note_wait); a descriptor's new owner clears them before its number is there
 * (sched_task_init); and a task runs again, with the state RUNNING, before it recycles what it has
 * awaited. Here it is read backwards. First, for each task P that waits by its state and reason:
 *     1. its number p, and with it the descriptor enters a table. Then, for P, of which p is known,
 *        and the descriptor C of the object, which is in the table too, with its number c (a task
 *        that is not there does not wait, or began to after the call did: then P is not stuck, or
 *        was not when the call began):
 *     2. the number in C is c;
 *     3. the state of P is PARKED or HOSTING;
 *     4. the object of P is C;
 *     5. the numbers in C and P are c and p.
 * By 1 and 5, whatever was read of P is of p, and by 2 and 5 the descriptor C was c's throughout.
 * The object of 4 is of the wait that made the state of 3, or of a later one. Were that a wait for
 * an earlier owner of C, p would have set its state to RUNNING after that wait, then C would have
 * been recycled, then c's number been written; step 2 has seen the number, so step 3 would have
 * seen that RUNNING or something later: a wait after it. So it is a wait of p for c; only an await
 * without a deadline, and hosting, have a descriptor as their object; and that is the fact.
 *
 * A sleep for ever is a fact by itself: that reason is the last that a task ever has. So is the
 * wait of who has called keel_exit while another runs the exit functions. Who waits for such a one,
 * by facts, is stuck, but as good as gone: keel_wait_all does not wait for it (wait_all.c).
 *
 * keel_wait_all. Who waits there is let go when all others have ended; so it is stuck if one of the
 * others is. Or if one of the others waits, by facts, for one of those who wait there. Such a wait
 * is not a fact: it may be over. But let the number of rounds (wait_all.h) be the same before and
 * after the look, and suppose that one who was seen to wait so was let go nonetheless. The round
 * that did it found all others gone; so whoever was seen stuck, or waiting for one of those, came
 * to that later, through something that was done by one whom this round had let go. Who has seen
 * that sees the new number. So nobody was let go, and nobody ever will be.
 *
 * Foreign threads (foreign.h) wait by descriptors too, and note their waits in the same way; so all
 * of this holds for them, but that nobody waits for their end.
 *
 * What later reasons need. A lock, a group, a channel's end: its row in wait_reason.tbl gets its
 * kind of waker; where there are several, a task is stuck when all who could wake it are stuck or
 * gone, and next_of becomes a list. A wait that a cancellation ends is like one with a deadline as
 * long as anyone holds the handle; keel_task_await is no cancellation point, and stays a fact.
 */
#include "sched/stuck.h"

#include "base/deep.h"
#include "mem/pages.h"
#include "sched/wait_all.h"

enum waker {
    SCHED_WAKER_ANYONE,
    SCHED_WAKER_TASK,
    SCHED_WAKER_NOBODY,
    SCHED_WAKER_OTHERS,
    SCHED_WAKER_EXIT
};

static const uint8_t wakers[] = {
#define WAIT_REASON(name, text, waker) [name] = SCHED_WAKER_##waker,
#include "sched/wait_reason.tbl"
#undef WAIT_REASON
};

enum verdict {
    UNKNOWN,
    GOES_ON,
    EXITS,       /* it waits for the end of the process */
    BEHIND_EXIT, /* it waits, by facts, for one that does */
    STUCK,
    WITH_OTHERS, /* it waits, by facts, for one that waits for the end of all others */
    OTHERS,      /* it is one that waits for that */
};

/* A task that waits; in an open table, by its descriptor. */
struct waiting {
    struct keel_task *task; /* NULL: no entry */
    uint64_t id;
    uint32_t walk; /* the walk that came by last */
    uint32_t next; /* the entry of the task that this one waits for; none: there is none */
    uint8_t verdict;
};

struct look {
    struct waiting *table;
    uint64_t size; /* a power of two */
    uint64_t used;
    bool full; /* some found no room */
};

enum { slack = 64 }; /* entries for tasks that begin to wait meanwhile */

static const uint32_t none = UINT32_MAX;

/* ---- the table */

static enum waker waker_of(struct keel_task *task)
{
    /* ACQUIRE, both: with the RELEASEs in sched_note_wait. */
    uint8_t state = atomic_load(&task->state, ACQUIRE);
    if (state != SCHED_TASK_PARKED && state != SCHED_TASK_HOSTING)
        return SCHED_WAKER_ANYONE;
    return wakers[atomic_load(&task->wait_reason, ACQUIRE)]; /* ACQUIRE: as above, or wait_all.c */
}

static uint64_t id_of(struct keel_task *task)
{
    return atomic_load(&task->identity.id,
                       ACQUIRE); /* ACQUIRE: with the RELEASE in sched_task_init */
}

/* The entry of this descriptor, or the empty one where it belongs. */
static struct waiting *place_of(const struct look *look, const void *task)
{
    uint64_t at = ((uint64_t)(uintptr_t)task * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    for (;; at++) {
        struct waiting *entry = &look->table[at & (look->size - 1)];
        if (entry->task == NULL || entry->task == task)
            return entry;
    }
}

static void count(struct keel_task *task, void *data)
{
    uint64_t *waiting = data;
    *waiting += waker_of(task) != SCHED_WAKER_ANYONE;
}

static enum verdict verdict_at_first(enum waker waker)
{
    switch (waker) {
    case SCHED_WAKER_NOBODY:
        return STUCK;
    case SCHED_WAKER_OTHERS:
        return OTHERS;
    case SCHED_WAKER_EXIT:
        return EXITS;
    default:
        return UNKNOWN;
    }
}

/* Step 1. */
static void enter(struct keel_task *task, void *data)
{
    struct look *look = data;
    uint64_t id = id_of(task);
    enum waker waker = waker_of(task);
    /* The number again: so the reason was this task's. */
    if (waker == SCHED_WAKER_ANYONE || id_of(task) != id)
        return;
    look->full |= look->used >= look->size / 2;
    if (look->full)
        return;
    look->used++;
    *place_of(look, task) = (struct waiting){
        .task = task,
        .id = id,
        .next = none,
        .verdict = (uint8_t)verdict_at_first(waker),
    };
}

static void forget(struct look *look)
{
    page_unmap(look->table, look->size * sizeof *look->table);
}

/*
 * More may begin to wait meanwhile than there is room for; they may be listed before those that are
 * stuck. Then all enter a larger table. False: there is no memory.
 */
static bool gather(struct look *look)
{
    uint64_t waiting = 0;
    sched_task_each(count, &waiting);
    look->size = 1;
    while (look->size < 2 * (waiting + slack))
        look->size *= 2;
    for (;;) {
        look->used = 0;
        look->full = false;
        look->table = page_map(look->size * sizeof *look->table);
        if (look->table == NULL)
            return false;
        sched_task_each(enter, look);
        if (!look->full)
            return true;
        forget(look);
        look->size *= 2;
    }
}

/* ---- facts */

/* Steps 2 to 5: the entry of the task for which this one waits, if that is a fact. */
static uint32_t next_of(const struct look *look, const struct waiting *waiting)
{
    struct keel_task *task = waiting->task;
    /* ACQUIRE, as in steps 3 and 4: with the RELEASEs in sched_note_wait. */
    const void *object = atomic_load(&task->wait_object, ACQUIRE);
    if (object == NULL)
        return none;
    struct waiting *awaited = place_of(look, object);
    if (awaited->task == NULL || id_of(awaited->task) != awaited->id)
        return none;
    uint8_t state = atomic_load(&task->state, ACQUIRE); /* ACQUIRE: as above */
    if ((state != SCHED_TASK_PARKED && state != SCHED_TASK_HOSTING) ||
        atomic_load(&task->wait_object, ACQUIRE) != object || /* ACQUIRE: as above */
        id_of(awaited->task) != awaited->id || id_of(task) != waiting->id)
        return none;
    return (uint32_t)(awaited - look->table);
}

/*
 * Goes from an entry to the one that it waits for, and on, until it is known how that ends; and
 * then the same way again, to tell all of them. So each entry is passed twice by the walk that
 * finds it first, and once by others.
 */
static void judge(struct look *look, struct waiting *first, uint32_t walk)
{
    struct waiting *entry = first;
    uint8_t verdict;
    while (entry->verdict == UNKNOWN && entry->walk != walk) {
        entry->walk = walk;
        entry->next = next_of(look, entry);
        if (entry->next == none)
            entry->verdict = GOES_ON;
        else
            entry = &look->table[entry->next];
    }
    verdict = entry->verdict == UNKNOWN  ? STUCK /* it came round to where it was */
              : entry->verdict == OTHERS ? WITH_OTHERS
              : entry->verdict == EXITS  ? BEHIND_EXIT
                                         : entry->verdict;
    for (entry = first; entry->verdict == UNKNOWN; entry = &look->table[entry->next])
        entry->verdict = verdict;
}

/*
 * Whether those who wait for the end of all others are stuck: one of these never ends. Nobody waits
 * so for the end of a foreign thread.
 */
static bool others_are_stuck(const struct look *look)
{
    for (uint64_t i = 0; i < look->size; i++) {
        const struct waiting *entry = &look->table[i];
        if ((entry->verdict == STUCK || entry->verdict == WITH_OTHERS) &&
            (entry->id & foreign_identity) == 0)
            return true;
    }
    return false;
}

static void judge_all(struct look *look)
{
    for (uint64_t i = 0; i < look->size; i++) {
        if (look->table[i].task != NULL)
            judge(look, &look->table[i], (uint32_t)i + 1);
    }
}

uint64_t sched_stuck_behind_exit(void)
{
    struct look look;
    uint64_t found = 0;
    if (!gather(&look))
        return 0;
    judge_all(&look);
    for (uint64_t i = 0; i < look.size; i++)
        found += look.table[i].verdict == BEHIND_EXIT && (look.table[i].id & foreign_identity) == 0;
    forget(&look);
    return found;
}

static size_t report(const struct look *look, bool with_others, uint64_t *ids, size_t max)
{
    size_t found = 0;
    for (uint64_t i = 0; i < look->size; i++) {
        const struct waiting *entry = &look->table[i];
        if (entry->verdict < BEHIND_EXIT || (entry->verdict > STUCK && !with_others))
            continue;
        if (found < max)
            ids[found] = entry->id & ~foreign_identity;
        found++;
    }
    return found;
}

struct stuck_question {
    uint64_t *ids;
    size_t max;
    size_t found;
};

static void find_stuck(void *data)
{
    struct stuck_question *question = data;
    struct look look;
    uint32_t rounds = sched_wait_all_rounds();
    if (!gather(&look)) {
        question->found = SIZE_MAX;
        return;
    }
    judge_all(&look);
    atomic_fence(ACQUIRE); /* ACQUIRE: with the RELEASE in ready_all (wait_all.c) */
    bool with_others = sched_wait_all_rounds() == rounds && others_are_stuck(&look);
    question->found = report(&look, with_others, question->ids, question->max);
    forget(&look);
}

size_t keel_stuck_tasks(uint64_t *ids, size_t max)
{
    struct stuck_question question = {.ids = ids, .max = max};
    deep_hook_call(find_stuck, &question);
    return question.found;
}
