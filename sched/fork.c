/*
 * Fork and join: the slow paths of keel/fork.h, and the thieves.
 *
 * The goal. A fork that nobody steals costs a few instructions, and so does its join, which calls
 * the child; yet whoever is idle gets children to run, and nothing forked waits for a forker that
 * is parked. A deque of Chase and Lev would do, but for the fence in its owner's end: more than all
 * the rest. Lace's *split* deque (van Dijk and van de Pol, Euro-Par 2014) has none: most children
 * are private, and only the owner makes some findable, when it is asked to.
 *
 * Rejected. Lace's boundary that thieves and owner move (a fence at each move, and one more test in
 * each join); an owner who shares half of what it has (then each join tests whether its child is
 * shared: to share all costs a compare-and-swap for each of the children that are pending at that
 * moment, some tens, and no test); leaving the children of a parked task where they are (the deque
 * would hold several stacks' children, and whoever joins would not find its own on top).
 *
 * A worker has an array of slots. fork_head (thread block) is the next free one; a fork writes fn
 * and arg there, keeps the address behind it in its frame (`next`), and moves the head. A join
 * whose `next` is the head moves it back and calls: the child was private. Whatever else may have
 * happened makes the two differ:
 *     - the child was called at the fork: `next` is no slot's (called_at_the_fork);
 *     - it was made findable: then the head was moved one slot further, so that a *gap* lies
 *       between it and the shared children, and it never comes nearer while one of them is there;
 *     - it was turned into a task when its parent parked: then the deque is empty when it is
 *       joined, because joins come in reverse order and all older ones were turned too; the head is
 *       the base of this or another worker's array, which is behind no slot. (No array begins where
 *       another ends, as far as `next` reaches: the last slot is only ever a gap.)
 *
 * Sharing (by the owner, in a fork or a join, asked by fork_limit == NULL: a fork compares with it
 * anyway; a join does too, for who forks many children, joins them one by one, and forks no more):
 *     1. fork_limit gets its value back: the request is taken;
 *     2. the new child is pushed (a join: the child to be called is taken out, and if it was the
 *        only private one, there is nothing to share, and the request stays); each private child's
 *        state gets the stamp, which is odd and never used twice: RELEASE;
 *     3. range says where they are: RELEASE; the head moves over the gap;
 *     4. sched_wake_one: fence, and a sleeper is woken unless somebody searches.
 *
 * Stealing:
 *     1. range says where to look; of each slot the state is read: ACQUIRE; an odd one is findable;
 *     2. fn and arg are read, and put into a descriptor that the thief has made;
 *     3. compare-and-swap of the state from that stamp to the descriptor. From here on the child is
 *        a task like any other, which the thief runs; the joiner awaits it.
 * The stamp is what makes this right although the owner may take the child back meanwhile and use
 * the slot for another: that other is either private (0) or was shared with a new stamp, so step 3
 * fails and what was read in step 2 is thrown away. (64 bits do not wrap.) What a thief gives up
 * was never a task, and is not counted as one. But whoever finds the task in the slot may wait
 * until all that were counted have ended (wait_all.c): so the thief says before step 3 that it is
 * taking one, and until it has counted it, or knows that it has none. range is a hint: it holds a
 * first and a last slot, and the low bits of the stamp, so that a thief that advances the first
 * one, by a compare-and-swap, advances no newer range. The state alone decides.
 *
 * Joining a shared child: compare-and-swap of the state from the stamp to 0: it is the owner's
 * again, and called. Or there is a task in the state: the slot is given up, and the task awaited.
 * One of the two compare-and-swaps wins, so a child runs once.
 *
 * Parking (spill, before any lock is taken): each child, oldest first, that is
 * private or can be taken back becomes an unstarted task on the worker's deque. All, and those that
 * were stolen before, hang on a chain, newest first, which belongs to the stack: its head is a word
 * of the worker, empty at every switch, and kept across it in a frame of park_with_chain. A join
 * that finds the deque empty takes the chain's first. So the deque is empty at every switch too,
 * and a forker that moves has its unjoined children with it. A yield parks when there are children,
 * even if nobody else is ready.
 *
 * No memory. Descriptors for parking must be there, because the child cannot be called at that
 * moment: its parent may be about to do what the child waits for. So a worker reserves one for each
 * slot when it makes its array; fork_limit never lies further behind the base than the reserve has
 * descriptors, and what is used of the reserve (only when no other descriptor can be had) lowers it
 * until the next slow fork can fill it up. Who gets no array or is at the limit has its child
 * called at the fork, where it does not matter. A thief that gets no descriptor steals nothing. (A
 * worker that retires keeps array and reserve: most of it was never touched.)
 *
 * No request is lost for good. Who finds nothing to do
 *     a. enters the list of sleepers, gives up its search (idle.c: a, b);
 *     b2. sets fork_limit of all others that have forked to NULL;
 *     c. passes a fence; d. looks for findable children too, before it sleeps.
 * (While it searches it sets them as well: then a fork need not wake it.) A request is taken by one
 * fork for all who asked; that is how it could be lost. Suppose that S sleeps. If nobody has taken
 * a request since S's own b2, the next fork anywhere does. Else look at the last who did, in steps
 * 1 to 4. By the two fences (step 4, step c) either S saw the children, or step 4 sees S asleep;
 * then it wakes S or another sleeper, or leaves it to somebody who searches. Whoever searches
 * either finds none and goes to sleep by way of b2, or finds work. Then, as the last searcher, it
 * wakes the next sleeper if there is more work; and if there is none (it may have taken the only
 * child that was shown), it asks all others in S's place (sched_search_end). Whoever takes that
 * very request, or stores fork_limit over it, sees in step 4 that nobody searches. So whenever
 * nobody searches any more, either no one sleeps, or somebody has asked everybody for the sleepers
 * and been overtaken by no taker. Who forks for the first time has a fork_limit of NULL, which is a
 * request that nobody need make.
 */
#include "sched/fork.h"

#include "base/panic.h"
#include "keel/fork.h"
#include "mem/pages.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"
#include "sched/unusual.h"

_Static_assert(offsetof(struct thread_block, fork_head) == 0x40, "keel/machine/fork.h works on it");
_Static_assert(offsetof(struct thread_block, fork_limit) == 0x48,
               "keel/machine/fork.h works on it");
_Static_assert(sizeof(struct keel_fork_slot) == 32, "two in a cache line");

enum { slots_in_deque = 2048, array_bytes = slots_in_deque * sizeof(struct keel_fork_slot) };

static const uintptr_t stamp_bit = 1;

/* In a frame, in the place of `next`: its child was called at the fork. */
static struct keel_fork_slot *called_at_the_fork(void)
{
    return (struct keel_fork_slot *)1;
}

/* ---- range: the stamp's low half, the first slot, the one behind the last */

static uint64_t make_range(uint64_t stamp, ptrdiff_t first, ptrdiff_t end)
{
    return stamp << 32 | (uint64_t)first << 16 | (uint64_t)end;
}

static unsigned range_first(uint64_t range)
{
    return range >> 16 & 0xffff;
}

static unsigned range_end(uint64_t range)
{
    return range & 0xffff;
}

/* ---- the array and the reserve */

static void spill(struct sched_worker *worker);
static struct keel_task *steal_child(struct sched_worker *victim);
static bool is_findable(const struct sched_worker *victim);
static uint64_t count_unjoined(const struct sched_worker *worker);
static void end_unjoined(void);

/* Several workers may do it at once, all alike. */
static void fill_hooks(void)
{
    /* RELAXED: whoever calls them knows by what follows, in this worker or by range, that it may.
     */
    atomic_store(&sched.fork_hooks.spill, spill, RELAXED);
    atomic_store(&sched.fork_hooks.steal, steal_child, RELAXED);
    atomic_store(&sched.fork_hooks.is_findable, is_findable, RELAXED);
    atomic_store(&sched.fork_hooks.count_unjoined, count_unjoined, RELAXED);
    atomic_store(&sched.fork_hooks.end_unjoined, end_unjoined, RELAXED);
}

/* Sees to it that the reserve holds a descriptor for each slot. */
static bool fill_reserve(struct fork_deque *forks)
{
    if (likely(forks->reserve_end - forks->reserve >= slots_in_deque))
        return true;
    struct keel_task *fresh = sched_tasks_reserve(slots_in_deque);
    if (fresh == NULL)
        return false;
    while (forks->reserve != forks->reserve_end)
        sched_task_recycle(forks->reserve++);
    forks->reserve = fresh;
    forks->reserve_end = fresh + slots_in_deque;
    return true;
}

static bool make_array(struct sched_worker *worker)
{
    struct keel_fork_slot *base = page_map(array_bytes);
    if (base == NULL)
        return false;
    if (!fill_reserve(&worker->forks)) {
        page_unmap(base, array_bytes);
        return false;
    }
    fill_hooks();
    sched_float_control_note(); /* this fork may make a worker */
    worker->forks.split = base;
    worker->forks.stamp = stamp_bit;
    worker->block->fork_head = base;
    /* RELAXED: who looks for children has it by the ACQUIRE of range. */
    atomic_store(&worker->forks.base, base, RELAXED);
    return true;
}

/* As far as the head may go: the last slot is for a gap, and every slot has its descriptor. */
static struct keel_fork_slot *limit_of(struct fork_deque *forks)
{
    fill_reserve(forks);
    ptrdiff_t count = forks->reserve_end - forks->reserve;
    return forks->base + (count < slots_in_deque ? count : slots_in_deque - 1);
}

/* ---- fork */

/*
 * Step 1. False: nobody has asked. RELAXED: the essay argues it. Who was not asked stores nothing:
 * it would undo a request that comes just now.
 */
static bool take_request(struct thread_block *block, struct keel_fork_slot *limit)
{
    if (atomic_load(&block->fork_limit, RELAXED) != NULL)
        return false;
    atomic_store(&block->fork_limit, limit, RELAXED);
    return true;
}

/* Makes all private children findable. Steps 2 to 4 of sharing. */
static void share(struct sched_worker *worker)
{
    struct fork_deque *forks = &worker->forks;
    struct keel_fork_slot *head = worker->block->fork_head;
    if (head != forks->split) {
        ptrdiff_t first = forks->split - forks->base;
        /* RELAXED: thieves only advance it; what they do meanwhile is lost, and was a hint. */
        unsigned before = range_first(atomic_load(&forks->range, RELAXED));
        if (forks->shared != 0 && before < first)
            first = before;
        forks->stamp += 2;
        for (struct keel_fork_slot *slot = forks->split; slot != head; slot++) {
            /* RELEASE: with the ACQUIRE in steal_child; publishes fn, arg and what the
             * parent did before. */
            atomic_store(&slot->state, (uintptr_t)forks->stamp, RELEASE);
        }
        forks->shared += (unsigned)(head - forks->split);
        /* RELEASE: with the ACQUIRE in steal_child; publishes the array. */
        atomic_store(&forks->range, make_range(forks->stamp, first, head - forks->base), RELEASE);
        forks->split = head + 1;
        worker->block->fork_head = head + 1;
    }
    sched_wake_one(true);
}

static struct keel_fork_start call_now(void *(*fn)(void *), void *arg)
{
    return (struct keel_fork_start){.arg = fn(arg), .next = called_at_the_fork()};
}

struct keel_fork_start keel_fork_slow(void *(*fn)(void *), void *arg)
{
    struct sched_worker *worker = sched_worker();
    if (unlikely(worker == NULL || worker->is_foreign))
        return call_now(fn, arg);
    if (unlikely(worker->forks.split == NULL) && !make_array(worker))
        return call_now(fn, arg);
    struct thread_block *block = worker->block;
    struct keel_fork_slot *limit = limit_of(&worker->forks);
    bool asked = take_request(block, limit);
    struct keel_fork_slot *slot = block->fork_head;
    bool full = slot >= limit;
    if (!full) {
        slot->fn = fn;
        slot->arg = arg;
        block->fork_head = slot + 1;
    }
    if (asked)
        share(worker);
    return full ? call_now(fn, arg) : (struct keel_fork_start){.arg = arg, .next = slot + 1};
}

/* ---- join */

static _Noreturn void misuse(const char *what)
{
    panic(what);
}

static uint64_t count_unjoined(const struct sched_worker *worker)
{
    const struct fork_deque *forks = &worker->forks;
    uint64_t chained = forks->chain == NULL ? 0 : forks->chain->chained;
    return chained + forks->shared + (uint64_t)(worker->block->fork_head - forks->split);
}

static void end_unjoined(void)
{
    misuse("a task ends with a forked child that it has not joined");
}

/* A forked child may work on its parent's stack, so that is not put aside (shelve.c) meanwhile. */
static void *await(struct keel_task *task)
{
    void *result = NULL;
    struct keel_task *self = sched_self();
    uint16_t shelved = self->unusual & SCHED_UNUSUAL_SHELVED;
    self->unusual ^= shelved;
    keel_task_await(task, &result);
    self->unusual |= shelved;
    return result;
}

/* Ends the sharing of a child: NULL, and it is the owner's again; or the task that it became. */
static struct keel_task *take_back(struct keel_fork_slot *slot)
{
    /* ACQUIRE: with the RELEASE in steal_child, which publishes the task. */
    uintptr_t state = atomic_load(&slot->state, ACQUIRE);
    /* ACQUIRE: as above, for when it fails: a thief was faster. */
    if ((state & stamp_bit) != 0 &&
        atomic_compare_exchange(&slot->state, &state, 0, ACQUIRE, ACQUIRE))
        return NULL;
    atomic_store(&slot->state, 0, RELAXED); /* RELAXED: nobody else writes a task's place */
    return (struct keel_task *)state;
}

/* The deque is empty from here on. */
static void reset(struct sched_worker *worker)
{
    struct fork_deque *forks = &worker->forks;
    struct keel_fork_slot *base = atomic_load(&forks->base, RELAXED); /* RELAXED: our own */
    worker->block->fork_head = base;
    forks->split = base;
    forks->shared = 0;
    /* RELAXED: no slot is findable any more, whatever range says. */
    atomic_store(&forks->range, make_range(forks->stamp, 0, 0), RELAXED);
}

/* Takes the newest child, which was shared and lies before `next`, out of the deque. */
static void pop_shared(struct sched_worker *worker, struct keel_fork_slot *next)
{
    struct fork_deque *forks = &worker->forks;
    if (--forks->shared == 0) {
        reset(worker);
        return;
    }
    /* Its slot is the gap now. */
    forks->split = next;
    worker->block->fork_head = next;
}

static struct keel_fork_slot *newest_shared(struct fork_deque *forks)
{
    struct keel_fork_slot *slot = forks->split - 1;
    /* RELAXED: only whether it is a gap, which the owner alone makes. */
    while (atomic_load(&slot->state, RELAXED) == 0)
        slot--;
    return slot;
}

/* The newest child is private, and somebody has asked for the others. */
static void *join_asked(struct sched_worker *worker, struct keel_fork_slot *slot)
{
    void *(*fn)(void *) = slot->fn;
    void *arg = slot->arg;
    worker->block->fork_head = slot;
    if (slot != worker->forks.split && take_request(worker->block, limit_of(&worker->forks)))
        share(worker);
    return fn(arg);
}

void *keel_join_slow(struct keel_fork_slot *next, void *arg)
{
    if (next == called_at_the_fork())
        return arg;
    struct sched_worker *worker = sched_worker();
    struct fork_deque *forks = &worker->forks;
    if (next == worker->block->fork_head)
        return join_asked(worker, next - 1);
    if (!sched_forks_pending(worker)) {
        struct keel_task *task = forks->chain;
        if (unlikely(task == NULL))
            misuse("keel_join of a frame that was not forked, or joined before");
        forks->chain = task->older;
        return await(task);
    }
    if (unlikely(worker->block->fork_head != forks->split || newest_shared(forks) != next - 1))
        misuse("keel_join of a frame that is not the last one forked");
    struct keel_fork_slot *slot = next - 1;
    void *(*fn)(void *) = slot->fn;
    void *own_arg = slot->arg;
    struct keel_task *task = take_back(slot);
    pop_shared(worker, next);
    return task == NULL ? fn(own_arg) : await(task);
}

/* ---- a child becomes a task */

/* Reports name the function in the place of the call that spawned it: the address behind a byte of
 * it, as that of a call is. */
static const void *site_of(void *(*fn)(void *))
{
    return (const void *)((uintptr_t)fn + 1);
}

static struct keel_task *task_of(struct fork_deque *forks, struct keel_fork_slot *slot)
{
    void *(*fn)(void *) = slot->fn;
    struct keel_task *task = sched_task_make(site_of(fn));
    if (unlikely(task == NULL)) {
        debug_assert(forks->reserve != forks->reserve_end);
        task = forks->reserve++;
        sched_task_init(task, site_of(fn));
        sched_count(&sched_worker()->counts.spawned);
    }
    task->fn.call = fn;
    task->arg = slot->arg;
    /* RELAXED: published by the deque. The join may run it. */
    atomic_store(&task->entry, SCHED_ENTRY_QUEUED, RELAXED);
    return task;
}

static void spill(struct sched_worker *worker)
{
    struct fork_deque *forks = &worker->forks;
    struct keel_fork_slot *slot = atomic_load(&forks->base, RELAXED); /* RELAXED: our own */
    struct keel_fork_slot *head = worker->block->fork_head;
    for (; slot != head; slot++) {
        bool is_shared = slot < forks->split;
        /* RELAXED: as in newest_shared. */
        if (is_shared && atomic_load(&slot->state, RELAXED) == 0)
            continue;
        struct keel_task *taken = is_shared ? take_back(slot) : NULL;
        struct keel_task *task = taken != NULL ? taken : task_of(forks, slot);
        task->older = forks->chain;
        task->chained = forks->chain == NULL ? 1 : forks->chain->chained + 1;
        forks->chain = task;
        if (taken == NULL)
            sched_push_fresh(worker, task);
    }
    reset(worker);
    /* RELAXED: what was used of the reserve lowers the limit: the next fork looks. */
    if (unlikely(forks->reserve_end - forks->reserve < slots_in_deque))
        atomic_store(&worker->block->fork_limit, NULL, RELAXED);
    sched_wake_one(true);
}

/* ---- thieves */

static struct keel_task *steal_child(struct sched_worker *victim)
{
    struct fork_deque *forks = &victim->forks;
    /* ACQUIRE: with the RELEASE in share, which publishes the array. */
    uint64_t range = atomic_load(&forks->range, ACQUIRE);
    struct keel_fork_slot *base = atomic_load(&forks->base, RELAXED); /* RELAXED: see range */
    struct keel_task *task = NULL;
    unsigned first = range_first(range), end = range_end(range);
    bool taken = false;
    uint64_t *taking = &sched_worker()->counts.taking;
    while (first < end && !taken) {
        struct keel_fork_slot *slot = &base[first++];
        /* ACQUIRE: with the RELEASE in share. Step 1. */
        uintptr_t state = atomic_load(&slot->state, ACQUIRE);
        if ((state & stamp_bit) == 0)
            continue;
        if (task == NULL)
            task = sched_task_prepare(NULL);
        if (unlikely(task == NULL)) {
            first = end; /* no memory: not to be found again and again; the owner has them */
            break;
        }
        atomic_store(taking, 1, RELAXED); /* RELAXED: published by the exchange */
        /* RELAXED: the stamp says whether they belong to it. Step 2. */
        task->fn.call = atomic_load(&slot->fn, RELAXED);
        task->arg = atomic_load(&slot->arg, RELAXED);
        task->spawn_site = site_of(task->fn.call);
        /* RELEASE: with the ACQUIRE in take_back; publishes the task. RELAXED: given up. Step 3. */
        taken = atomic_compare_exchange(&slot->state, &state, (uintptr_t)task, RELEASE, RELAXED);
    }
    uint64_t rest = (range & ~(uint64_t)0xffff0000) | (uint64_t)first << 16;
    /* RELAXED: a hint. */
    atomic_compare_exchange(&forks->range, &range, rest, RELAXED, RELAXED);
    if (task == NULL)
        return NULL;
    if (taken)
        sched_count(&sched_worker()->counts.spawned);
    else
        sched_task_recycle(task);
    atomic_store(taking, 0, RELEASE); /* RELEASE: with the ACQUIRE in are_gone (wait_all.c) */
    return taken ? task : NULL;
}

static bool is_findable(const struct sched_worker *victim)
{
    const struct fork_deque *forks = &victim->forks;
    /* ACQUIRE: with the RELEASE in share, which publishes the array. */
    uint64_t range = atomic_load(&forks->range, ACQUIRE);
    const struct keel_fork_slot *base = atomic_load(&forks->base, RELAXED); /* RELAXED: see range */
    for (unsigned i = range_first(range); i < range_end(range); i++) {
        /* RELAXED: ordered by the fences of the idle protocol. */
        if ((atomic_load(&base[i].state, RELAXED) & stamp_bit) != 0)
            return true;
    }
    return false;
}
