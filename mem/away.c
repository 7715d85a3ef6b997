/*
 * Stacks without memory, and without page tables.
 *
 * The goal: of a million stacks whose bytes lie elsewhere nothing is left but addresses; and each
 * can be run on again, at the same addresses, at any time.
 *
 * MADV_DONTNEED gives the page of a stack back, but not the page tables, in which the marks of the
 * guards stand: a table of 4 KiB maps 2 MiB, 8 slots of the default size. A fresh mapping over the
 * old one (MAP_FIXED) has none. The kernel makes one mapping of it and its neighbours again,
 * because they are of one kind. So the slots of a chunk are *grouped* by 64, a word of bits; when
 * all of a group are away, it is renewed, in one call: 0.3 us a slot, against 0.5 for discarding 64
 * pages by one call. Its slots are *bare* then: nobody runs on them, so nobody misses the guard.
 *
 * A slot that comes back gets its guard again, if it was bare, and is neither away nor bare. The
 * page tables come back for it and its 7 neighbours. When it goes again its group is whole again.
 *
 * A group need not begin where a page table does. A table goes when all that it maps is renewed in
 * one call; so the call reaches over into the neighbouring groups by so much, where these are bare.
 *
 * Rejected. MADV_GUARD_REMOVE and then MADV_DONTNEED, which from Linux 6.14 on frees tables: 1.0 us
 * a slot, and nothing on 6.13. Slots that lie closer together: with the 64 KiB guards 164 bytes of
 * page tables would be left of each. The groups of other sizes than the default could be smaller
 * and larger; 64 is a word.
 *
 * Who comes back may do so at any time, but for one thing: a group is *busy* while it, or a
 * neighbour into which the call reaches, is being renewed. The bits are guarded by one lock, never
 * held across a system call:
 *     send     1. sets the bits `away`;
 *              2. of each group that is wholly away and not busy: marks it and the neighbours busy;
 *              3. renews the group;
 *              4. marks it bare, and none busy; goes on at 2 with groups that others missed;
 *              5. discards what was not renewed.
 *     return   a. waits until the group is not busy; clears `away` and `bare`, in one go;
 *              b. makes a guard if it was bare; writes the header.
 * So at step 3 all slots concerned are away, and stay it until step 4. Whoever calls return for a
 * stack does so after the call that sent it has returned: step 5 meets nobody. That another group
 * is discarded in step 5 that somebody else has renewed meanwhile does no harm.
 *
 * Two that renew at a time may meet: one finds its group busy, because the other reaches into it;
 * or a neighbour busy, into which it would have reached, now or soon. Nobody waits for that: the
 * group is marked *missed*, under the lock, and each who ends a renewal looks for those of the
 * chunk afterwards. As long as one may not be begun somebody is busy, who will look.
 *
 * Memory that is locked (mlockall). The kernel makes no guard in it, and discards nothing of it.
 * What was locked is left alone: there no guard can be had where one is. But a fresh mapping may be
 * locked that replaces what was not (MCL_FUTURE): all of it is there at once. So each is looked at,
 * by discarding a page of it: a fresh one has none, so the call is cheap. One that is locked is
 * unlocked again, as what it replaces was, and emptied, and nothing is renewed any more.
 *
 * A stack that is no slot keeps the page of its header, because it is listed by it (stack.c).
 */
#include "mem/away.h"

#include <asm/unistd.h>

#include "base/lock.h"
#include "mem/pages.h"
#include "mem/slot_chunk.h"

enum { table_reach = 2 * 1024 * 1024 };

static struct lock away_lock;

struct group {
    struct slot_chunk *chunk;
    uint32_t word;
};

/* ---- caller holds the lock */

static uint64_t all_of(struct group group)
{
    uint32_t slots = group.chunk->count - group.word * mem_slots_in_word;
    return slots >= mem_slots_in_word ? UINT64_MAX : (UINT64_C(1) << slots) - 1;
}

static uint32_t mark_of(struct group group)
{
    return UINT32_C(1) << group.word;
}

static bool is_busy(struct group group)
{
    return (group.chunk->busy & mark_of(group)) != 0;
}

static void set_busy(struct group group)
{
    group.chunk->busy |= mark_of(group);
}

/* Groups of one chunk, and the bytes of which a fresh mapping is made. */
struct renewal {
    uint32_t busy; /* groups */
    unsigned char *start;
    size_t size;
};

/* How many slots at most lie in what a page table maps. */
static uint32_t reach(const struct slot_chunk *chunk)
{
    return (uint32_t)((table_reach + chunk->slot - 1) / chunk->slot);
}

/* Step 2, for one side: how far the call may reach over into the group. */
static uint32_t reach_into(struct group group, uint64_t bits)
{
    if (is_busy(group) || (group.chunk->bare[group.word] & bits) != bits)
        return 0;
    set_busy(group);
    return reach(group.chunk);
}

/* Step 2. Whether the group is to be renewed and may be; may it not now, it is missed. */
static bool is_to_renew(struct group group)
{
    struct slot_chunk *chunk = group.chunk;
    uint32_t mark = mark_of(group);
    bool is_bare = chunk->bare[group.word] == all_of(group);
    bool was_missed = (chunk->missed & mark) != 0;
    bool meets = (chunk->busy & (mark << 1 | mark >> 1)) != 0;
    chunk->missed &= ~mark;
    if (chunk->away[group.word] != all_of(group) || (is_bare && !was_missed))
        return false;
    if (is_busy(group) || meets)
        chunk->missed |= mark;
    return !is_busy(group) && !(is_bare && meets);
}

/* Step 2. Returns whether there is something to renew. */
static bool begin_renewal(struct group group, struct renewal *renewal)
{
    struct slot_chunk *chunk = group.chunk;
    if (!is_to_renew(group))
        return false;
    uint32_t before_busy = chunk->busy;
    uint32_t first = group.word * mem_slots_in_word;
    uint32_t end = first + mem_slots_in_word;
    uint64_t low = (UINT64_C(1) << reach(chunk)) - 1;
    uint64_t high = low << (mem_slots_in_word - reach(chunk));
    set_busy(group);
    if (group.word > 0)
        first -= reach_into((struct group){chunk, group.word - 1}, high);
    if (end >= chunk->count)
        end = chunk->count;
    else if (end + reach(chunk) <= chunk->count)
        end += reach_into((struct group){chunk, group.word + 1}, low);
    renewal->busy = chunk->busy ^ before_busy;
    renewal->start = chunk->slots + first * chunk->slot;
    renewal->size = (end - first) * chunk->slot;
    return true;
}

/* Step 4, of the chunk's groups that were missed: as begin_renewal, for one of them. */
static bool begin_missed(struct group *group, struct renewal *renewal)
{
    for (uint32_t left = group->chunk->missed; left != 0; left &= left - 1) {
        group->word = (uint32_t)__builtin_ctz(left);
        if (begin_renewal(*group, renewal))
            return true;
    }
    return false;
}

/* ---- sending */

static bool are_fresh_locked; /* atomic: fresh mappings are, or were */

/* Whether guards can be had where this page is one already. RELAXED in there: a hint. */
static bool can_guard(unsigned char *guarded)
{
    return !mem_slots_are_refused() && page_guard_error(guarded, arch_page_size) == 0;
}

/* Step 3. False: all is as it was. */
static bool renew(const struct renewal *renewal)
{
    /* RELAXED: who misses it finds out again. */
    if (atomic_load(&are_fresh_locked, RELAXED) ||
        !page_renew_stacks(renewal->start, renewal->size))
        return false;
    if (!page_discard(renewal->start, arch_page_size)) {
        atomic_store(&are_fresh_locked, true, RELAXED); /* RELAXED: as above */
        page_unlock(renewal->start, renewal->size);
        page_discard(renewal->start, renewal->size);
    }
    return true;
}

/*
 * Steps 2 to 4, of a group in which the slot has its guard, and then of those that were missed.
 * Refused, all is left as it was.
 */
static void renew_if_whole(struct group group, unsigned char *slot)
{
    struct renewal renewal;
    lock_acquire(&away_lock);
    bool is_whole = begin_renewal(group, &renewal);
    lock_release(&away_lock);
    if (!is_whole)
        return;
    bool can = can_guard(slot);
    while (is_whole) {
        bool is_bare = can && renew(&renewal);
        lock_acquire(&away_lock);
        if (is_bare)
            group.chunk->bare[group.word] = all_of(group);
        group.chunk->busy ^= renewal.busy;
        is_whole = begin_missed(&group, &renewal);
        lock_release(&away_lock);
    }
}

static unsigned char *slot_of(const struct mem_away *away)
{
    const struct slot_chunk *chunk = away->chunk;
    return chunk->slots + mem_slot_index(chunk, (uintptr_t)away->stack) * chunk->slot;
}

static struct group group_of(const struct mem_away *away, uint64_t *bit)
{
    uint32_t index = mem_slot_index(away->chunk, (uintptr_t)away->stack);
    *bit = UINT64_C(1) << index % mem_slots_in_word;
    return (struct group){away->chunk, index / mem_slots_in_word};
}

/* Step 1. */
static void set_away(const struct mem_away *stacks, unsigned count)
{
    uint64_t bit;
    lock_acquire(&away_lock);
    for (unsigned i = 0; i < count; i++) {
        if (stacks[i].chunk == NULL)
            continue;
        struct group group = group_of(&stacks[i], &bit);
        group.chunk->away[group.word] |= bit;
    }
    lock_release(&away_lock);
}

/* What is left to discard of the stack; its size is 0 when nothing is. */
static struct abi_memory_range left_of(const struct mem_away *away)
{
    struct abi_memory_range range = {.start = 0};
    uint64_t bit = 0;
    if (away->chunk == NULL) {
        uintptr_t end = mem_away_end(away->stack, NULL);
        range.start = away->stack->low;
        range.size = end > range.start ? end - range.start : 0;
        return range;
    }
    struct group group = group_of(away, &bit);
    lock_acquire(&away_lock);
    bool is_bare = (group.chunk->bare[group.word] & bit) != 0;
    lock_release(&away_lock);
    range.start = (uintptr_t)slot_of(away) + mem_stack_guard;
    range.size = is_bare ? 0 : away->chunk->slot - mem_stack_guard;
    return range;
}

void mem_away_send(const struct mem_away *stacks, unsigned count)
{
    struct abi_memory_range ranges[mem_away_most];
    unsigned used = 0;
    uint64_t bit;
    set_away(stacks, count);
    for (unsigned i = 0; i < count; i++) {
        if (stacks[i].chunk != NULL)
            renew_if_whole(group_of(&stacks[i], &bit), slot_of(&stacks[i]));
    }
    for (unsigned i = 0; i < count; i++) {
        ranges[used] = left_of(&stacks[i]);
        used += ranges[used].size != 0;
    }
    if (used != 0)
        page_discard_many(ranges, used);
}

/* ---- coming back */

/* Step a. Returns whether the guard is gone. */
static bool take_back(struct group group, uint64_t bit)
{
    enum { pauses = 64 };
    lock_acquire(&away_lock);
    while (is_busy(group)) {
        lock_release(&away_lock);
        for (unsigned i = 0; i < pauses; i++)
            arch_pause();
        arch_syscall0(__NR_sched_yield);
        lock_acquire(&away_lock);
    }
    bool was_bare = (group.chunk->bare[group.word] & bit) != 0;
    group.chunk->away[group.word] &= ~bit;
    group.chunk->bare[group.word] &= ~bit;
    lock_release(&away_lock);
    return was_bare;
}

bool mem_away_return(const struct mem_away *away)
{
    struct mem_stack *stack = away->stack;
    struct slot_chunk *chunk = away->chunk;
    if (chunk == NULL)
        return true;
    uint64_t bit;
    struct group group = group_of(away, &bit);
    unsigned char *slot = slot_of(away);
    bool lacks_guard = take_back(group, bit) && page_guard_error(slot, mem_stack_guard) != 0;
    if (lacks_guard && !page_protect(slot, mem_stack_guard))
        return false;
    stack->low = (uintptr_t)slot + mem_stack_guard;
    stack->chunk = chunk;
    stack->size = chunk->size;
    stack->painted = 0;
    stack->used = true;
    return true;
}
