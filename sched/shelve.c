/*
 * Shelving: the stack of a task that has waited long is put aside, and its memory goes.
 *
 * The goal: of a million parked tasks each takes some hundred bytes, not a page and its share of
 * page tables. The used bytes of the stack, from where the task parked to the top, move to a block
 * of that size, and come back to the same addresses before the task goes on. Pointers into its own
 * stack stay right, and a program sees nothing of it but the time.
 *
 * What others write. While a task is parked, who wakes it writes to what it left for them, and
 * reads from there. All that lies on the stack of a task that might be shelved would be lost, so it
 * does not lie there:
 *     - awaits, sleeps, deadlines, mutexes, keel_wait_all: the descriptor alone is touched;
 *     - a channel's and a parking lot's waiter node, and the element that a sender hands over or a
 *       receiver is handed: they lie in the task's `shelf`, which has room for them, and the task
 *       copies a received element to its place when it goes on (chan/apart.c). Where there is no
 *       memory for that, and if the element is large, the task keeps its stack for this wait;
 *     - other reasons to wait, and those that are to come: such a task is not shelved while it
 *       waits so (step_of). Nor is one with forked children that it has not joined, which most
 *       often work on its stack; nor one that has a thread of its own (foreign.h), which stands on
 *       it: its parks never come here, nor does what is in a blocking call, which does not park.
 * (Rejected: a waker brings the stack back first. It would have to know the task before it may look
 * at the node, and neighbours in a list write to the node too. Or, who shelves moves the node,
 * under the lock of the list: it cannot know that the channel still exists.) What the program's own
 * addresses are, the docstring of KEEL_TASK_SHELVED says: such a task shares none of its stack.
 *
 * Who is shelved, and when. All such tasks that have their stacks are *resident*, in one list, each
 * from its begin to its end, but for when it is shelved. When more are than sched_shelve_beyond, a
 * *sweep* goes over some of the list from its head: at the begin of a task and when one comes back,
 * every so many times, so that growth pays for itself; and when a worker has nothing to do. It is
 * the clock algorithm: a parked task that the sweep comes by is *warm*, becomes *cold*, and goes to
 * the list's end; if it is still cold at the next round, it is shelved. A park and a wake change
 * the task's own word alone. (Rejected: a list in the order of the parks: each of them would change
 * it.)
 *
 * One word decides between who shelves and who goes on with the task, its `state`:
 *
 *     BUSY --parks--> WARM --sweep--> COLD --sweep--> GOING ---> AWAY
 *       ^               |               |                          |
 *       |<----- is_here, by who took it from a queue               |
 *       '<----------------- bring_back, by a runner ---------------'
 *
 *     1. The task parks. After the switch, before anybody can find and wake it, it is WARM: so
 *        whoever sees that, sees its context, and all that it wrote to its stack.
 *     2. It is woken as any task is: the waker knows nothing of all this.
 *     3. Who takes it out of a queue to go on with it, and would switch to it (sched_park), moves
 *        the word from WARM or COLD to BUSY: then it is here and stays. If it is GOING or AWAY, a
 *        runner must bring it back: in sched_park a lock may be held.
 *     4. A sweep moves the word from COLD to GOING, under the list's lock, and takes the task out
 * of the list. Now its stack is the sweep's to read. The bytes are copied; where there is no memory
 * for that, the task goes back into the list and is WARM.
 *     5. The memory of many is given back at a time (mem/away.h), and then they are AWAY.
 *     6. A runner waits while the task is GOING: some tens of microseconds. It is AWAY: the runner
 *        has the stack returned, writes the bytes, frees the block. The task is BUSY, in the list.
 *
 * Why nothing is lost. 3 and 4 are compare-and-swaps of one word, so either the sweep leaves the
 * task alone or who goes on with it waits for step 5. Between 4 and 6 nobody writes to the stack:
 * the task does not run, others have nothing there. What others wrote to the shelf meanwhile was
 * made visible by the wake. Only one takes a woken task out of a queue, so 3 and 6 have no rival.
 *
 * A task that is woken again and again while there are more than may be resident is shelved only
 * if it stays parked for a round of the list. With the census (KEEL_STACKS=1) nobody is shelved: it
 * looks at the stacks themselves. (tests/model/shelve.pml explores it, and the steps of
 * mem/away.c.)
 */
#include "sched/shelve.h"

#include "base/memory.h"
#include "base/panic.h"
#include "keel/mem.h"
#include "mem/away.h"
#include "sched/unusual.h"

enum {
    sweep_visits = 2 * mem_away_most,
    entries_between_sweeps = 48,
    visits_at_a_time = 16,   /* under the lock: a cache miss each, and a compare-and-swap */
    copied_most = 16 * 1024, /* bytes, of a stack or an element: of more it keeps its stack */
};

static struct {
    struct lock lock; /* guards the rest, and the residents' links */
    struct list_node resident;
    uint32_t count; /* atomic, written under the lock */
    uint32_t entries;
} shelving;

uint32_t sched_shelve_beyond = 1024;

/* ---- the list of those that have their stacks */

/* Returns whether it is time for a sweep. */
static bool enter(struct sched_shelf *shelf)
{
    lock_acquire(&shelving.lock);
    list_push_back(&shelving.resident, &shelf->link);
    atomic_store(&shelving.count, shelving.count + 1, RELAXED); /* RELAXED: read as a hint */
    bool is_due =
        shelving.count > sched_shelve_beyond && ++shelving.entries % entries_between_sweeps == 0;
    lock_release(&shelving.lock);
    return is_due;
}

/* Caller holds the lock. */
static void leave(struct sched_shelf *shelf)
{
    list_remove(&shelf->link);
    atomic_store(&shelving.count, shelving.count - 1, RELAXED); /* RELAXED: as in enter */
}

static void set_state(struct sched_shelf *shelf, enum sched_shelf_state state)
{
    /* RELEASE: with the ACQUIREs of the compare-and-swap in change and of the load in bring_back.
     */
    atomic_store(&shelf->state, (uint8_t)state, RELEASE);
}

static bool change(struct sched_shelf *shelf, enum sched_shelf_state from,
                   enum sched_shelf_state to)
{
    uint8_t expected = (uint8_t)from;
    /* ACQUIRE: with the RELEASE in set_state, by which the task was offered. */
    return atomic_compare_exchange_shared(&shelf->state, &expected, (uint8_t)to, ACQUIRE, RELAXED);
}

/* ---- a sweep */

/* Step 4, of one in the list. Returns whether it was cold: then it is out of the list. */
static bool claim_if_cold(struct sched_shelf *shelf)
{
    /* RELAXED: it tells which compare-and-swap to try. */
    uint8_t state = atomic_load(&shelf->state, RELAXED);
    if (state == SHELF_COLD && change(shelf, SHELF_COLD, SHELF_GOING)) {
        leave(shelf);
        return true;
    }
    if (state == SHELF_WARM)
        change(shelf, SHELF_WARM, SHELF_COLD);
    list_remove(&shelf->link);
    list_push_back(&shelving.resident, &shelf->link);
    return false;
}

/* Step 4. Takes cold ones out of the list; in between others have the lock. */
static unsigned claim_cold(struct sched_shelf **claimed)
{
    unsigned count = 0;
    uint32_t there = atomic_load(&shelving.count, RELAXED); /* RELAXED: a hint */
    uint32_t visits = there < sweep_visits ? there : sweep_visits;
    while (visits > 0) {
        uint32_t until = visits > visits_at_a_time ? visits - visits_at_a_time : 0;
        lock_acquire(&shelving.lock);
        for (; visits > until && count < mem_away_most && shelving.count > sched_shelve_beyond;
             visits--) {
            claimed[count] = container_of(shelving.resident.next, struct sched_shelf, link);
            count += claim_if_cold(claimed[count]);
        }
        lock_release(&shelving.lock);
        if (visits > until)
            break;
    }
    return count;
}

static size_t bytes_of(const struct keel_task *task, const struct slot_chunk *chunk)
{
    uintptr_t end = mem_away_end(task->stack, chunk);
    uintptr_t low = (uintptr_t)task->context;
    return low < end ? end - low : 0;
}

/* Step 4. False, and it is resident again: nothing of it can go, or there is no memory. */
static bool copy_out(struct sched_shelf *shelf)
{
    struct keel_task *task = shelf->task;
    struct slot_chunk *chunk = task->stack->chunk;
    size_t bytes = bytes_of(task, chunk);
    bool gains = bytes != 0 && bytes <= copied_most;
    void *copy = gains ? keel_alloc(bytes) : NULL;
    if (copy == NULL) {
        enter(shelf);
        set_state(shelf, gains ? SHELF_WARM : SHELF_BUSY); /* BUSY: until it parks again */
        return false;
    }
    memcpy(copy, task->context, bytes);
    shelf->copy = copy;
    shelf->chunk = chunk;
    return true;
}

/* Returns how many were shelved. */
static unsigned sweep(void)
{
    struct sched_shelf *claimed[mem_away_most];
    struct mem_away away[mem_away_most];
    unsigned count = claim_cold(claimed);
    unsigned gone = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!copy_out(claimed[i]))
            continue;
        claimed[gone] = claimed[i];
        away[gone++] = (struct mem_away){claimed[i]->task->stack, claimed[i]->chunk};
    }
    mem_away_send(away, gone);
    for (unsigned i = 0; i < gone; i++)
        set_state(claimed[i], SHELF_AWAY);
    return gone;
}

/*
 * One sweep at a time: the worker looks for work in between. Two rounds
 * of the list in vain are enough; and until a sweep has found something again, a part of one is.
 */
static bool idle(void)
{
    enum { part = 8 * sweep_visits };
    static uint32_t fruitless; /* atomic: visits in a row */
    static bool is_vain;       /* atomic: the list was gone round in vain */
    /* RELAXED: hints, all of them. */
    uint32_t count = atomic_load(&shelving.count, RELAXED);
    uint32_t visits = atomic_load(&fruitless, RELAXED);
    if (count <= sched_shelve_beyond)
        return false;
    if (visits > 2 * count || (visits > part && atomic_load(&is_vain, RELAXED))) {
        atomic_store(&fruitless, 0, RELAXED);
        atomic_store(&is_vain, true, RELAXED);
        return false;
    }
    bool found = sweep() > 0;
    /* RELAXED: as above. */
    if (found)
        atomic_store(&is_vain, false, RELAXED);
    atomic_store(&fruitless, found ? 0 : visits + sweep_visits, RELAXED);
    return true;
}

/* ---- parking and going on */

/* Step 1. Who parked has left its own step with the worker. */
static void offer(struct keel_task *task, void *data)
{
    set_state(task->shelf, SHELF_WARM);
    sched_worker()->shelved_step(task, data);
}

/* Whether who waits so has nothing on its stack that others touch. */
static bool leaves_the_stack(enum sched_wait_reason reason)
{
    return reason == SCHED_WAIT_AWAIT || reason == SCHED_WAIT_SLEEP ||
           reason == SCHED_WAIT_FOREVER || reason == SCHED_WAIT_MUTEX || reason == SCHED_WAIT_ALL;
}

static sched_step *step_of(enum sched_wait_reason reason, sched_step *step)
{
    struct sched_worker *worker = sched_worker();
    struct sched_shelf *shelf = sched_self()->shelf;
    bool is_apart = shelf->is_apart;
    shelf->is_apart = false;
    if (worker->forks.chain != NULL || (!is_apart && !leaves_the_stack(reason)))
        return step;
    worker->shelved_step = step;
    return offer;
}

/* Step 3. Who parked where it may not be shelved is BUSY still. */
static bool is_here(struct keel_task *task)
{
    struct sched_shelf *shelf = task->shelf;
    for (;;) {
        /* RELAXED: nobody but us makes it BUSY, nor takes it from there now; else looked at again.
         */
        uint8_t state = atomic_load(&shelf->state, RELAXED);
        if (state == SHELF_BUSY)
            return true;
        if (state >= SHELF_GOING)
            return false;
        if (change(shelf, state, SHELF_BUSY))
            return true;
    }
}

static void fill_refused(struct line *line, const void *data)
{
    (void)data;
    line_text(line, "no memory for the guard of a shelved task's stack");
    mem_stack_line(line);
}

/* Step 6. */
static void bring_back(struct keel_task *task)
{
    enum { pauses = 64 };
    struct sched_shelf *shelf = task->shelf;
    while (!is_here(task)) {
        /* ACQUIRE: with the RELEASE in set_state, at the end of the sweep. */
        if (atomic_load(&shelf->state, ACQUIRE) == SHELF_AWAY) {
            struct mem_away away = {task->stack, shelf->chunk};
            if (!mem_away_return(&away))
                panic_with(fill_refused, NULL);
            memcpy(task->context, shelf->copy, bytes_of(task, shelf->chunk));
            keel_free(shelf->copy);
            atomic_store(&shelf->state, SHELF_BUSY, RELAXED); /* RELAXED: the sweep's lock */
            if (enter(shelf))
                sweep();
            return;
        }
        for (unsigned i = 0; i < pauses; i++)
            arch_pause();
        arch_syscall0(__NR_sched_yield);
    }
}

/*
 * For who reads the stack and then ends the process: nothing is needed but the memory, which is
 * there. Twice does no harm.
 */
static void show(const struct keel_task *task)
{
    const struct sched_shelf *shelf = task->shelf;
    /* RELAXED: nobody runs any more. */
    if (atomic_load(&shelf->state, RELAXED) == SHELF_AWAY)
        memcpy(task->context, shelf->copy, bytes_of(task, shelf->chunk));
}

/* ---- what lies apart */

static void *element(void)
{
    struct sched_shelf *shelf = sched_self()->shelf;
    return shelf->room > sizeof shelf->inner ? shelf->outer : shelf->inner;
}

/* Whether there is nothing to make: an element that is too large stays where it is. */
static bool has_room(size_t size)
{
    const struct sched_shelf *shelf = sched_self()->shelf;
    return shelf->room >= size || size > copied_most || shelf->lacks_memory;
}

/*
 * Without memory the element of the next wait stays where it is: then the task is not shelved
 * meanwhile. For the one after that it is tried again.
 */
static void make_room(size_t size)
{
    struct sched_shelf *shelf = sched_self()->shelf;
    if (has_room(size))
        return;
    void *outer = keel_alloc(size);
    shelf->lacks_memory = outer == NULL;
    if (outer == NULL)
        return;
    if (shelf->room > sizeof shelf->inner)
        keel_free(shelf->outer);
    shelf->outer = outer;
    shelf->room = (uint32_t)size;
}

static void *node(size_t element_size)
{
    struct sched_shelf *shelf = sched_self()->shelf;
    shelf->lacks_memory = false;
    if (element_size > shelf->room)
        return NULL;
    shelf->is_apart = true;
    return shelf->node;
}

/* ---- the task */

static void begin(struct keel_task *task)
{
    bool is_measured = (task->unusual & SCHED_UNUSUAL_MEASURED) != 0;
    struct sched_shelf *shelf = is_measured ? NULL : keel_alloc(sizeof *shelf);
    task->shelf = shelf;
    if (shelf == NULL) {
        task->unusual &= (uint16_t)~SCHED_UNUSUAL_SHELVED;
        return;
    }
    shelf->task = task;
    shelf->state = SHELF_BUSY;
    shelf->is_apart = false;
    shelf->lacks_memory = false;
    shelf->room = sizeof shelf->inner;
    if (enter(shelf))
        sweep();
}

static void end(struct keel_task *task)
{
    struct sched_shelf *shelf = task->shelf;
    lock_acquire(&shelving.lock);
    leave(shelf);
    lock_release(&shelving.lock);
    if (shelf->room > sizeof shelf->inner)
        keel_free(shelf->outer);
    keel_free(shelf);
    task->shelf = NULL;
    task->unusual &= (uint16_t)~SCHED_UNUSUAL_SHELVED;
}

void sched_shelve_start(void)
{
    static const struct sched_shelve_hooks hooks = {
        .begin = begin,
        .end = end,
        .park = step_of,
        .is_here = is_here,
        .bring_back = bring_back,
        .show = show,
        .idle = idle,
        .has_room = has_room,
        .make_room = make_room,
        .node = node,
        .element = element,
    };
    /* RELAXED: who sees it has nothing to do. */
    if (likely(atomic_load(&sched.shelving, RELAXED) != NULL))
        return;
    lock_acquire(&shelving.lock);
    if (shelving.resident.next == NULL)
        list_init(&shelving.resident);
    lock_release(&shelving.lock);
    /* RELEASE: with the ACQUIRE in sched_idle_sleep; others have it from the task. */
    atomic_store(&sched.shelving, &hooks, RELEASE);
}
