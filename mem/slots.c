/*
 * Stacks without a mapping each.
 *
 * The goal: as many parked tasks as memory holds. A stack with a mapping of its own and a guard
 * made by mprotect takes two of the 65,530 mappings that the kernel lets a process have, so there
 * are 32,700 and no more.
 *
 *     chunk                                                            its last page
 *     | guard | slot 0  top | guard | slot 1  top | ...  | not begun ... | struct slot_chunk |
 *
 * A chunk is one mapping, of which memory is taken by touch. Its slots are *begun* one after the
 * other: when a slot is first taken its guard is installed, by a call that marks the page table and
 * leaves the mapping whole. (To install many by one call was measured: 0.49 µs each against 0.56,
 * because most of it is the page table's memory. So nothing is guarded ahead.)
 * Chunks lie side by side and have the same flags, so the kernel makes one mapping of them.
 *
 * Their sizes double, from 4 MiB to 256 MiB: a small program does not reserve a gigabyte, and a
 * large one asks seldom. MAP_STACK keeps huge pages away, on every kernel that has the guards: one
 * would make 8 stacks resident at once.
 *
 * A slot that is given back is *cold*: its pages have gone, its guard is there, a bit in its chunk
 * says that it may be taken. Many go cold by one call, because each call by itself costs a flush of
 * the page table's caches, on all CPUs. A chunk whose begun slots are all cold is unmapped, page
 * tables and all (they are 500 bytes a slot).
 *
 * Whether the kernel has the call is decided by what it does, at the first slot of each chunk: the
 * emulator qemu answers 0 and does nothing. Where a guard cannot be had (an older kernel, a
 * sandbox, memory that is locked) slots are not used any more, and each stack gets its mapping
 * (stack.c).
 */
#include "mem/slots.h"

#include "base/lock.h"
#include "mem/pages.h"

enum {
    chunk_least = 16,
    chunk_most = 1024,
    bits = 64,
};

struct slot_chunk {
    struct list_node link; /* in `all` */
    struct list_node open; /* in `open`, when something can be taken; else its next is NULL */
    unsigned char *slots;
    uint32_t count;
    uint32_t begun;
    uint32_t cold; /* bits in cold_set */
    uint64_t cold_set[chunk_most / bits];
};
_Static_assert(sizeof(struct slot_chunk) <= arch_page_size, "it has one page");

static struct {
    struct lock lock;      /* guards the lists, the chunks, `total` */
    struct list_node all;  /* zero before the first */
    struct list_node open; /* first: the one to take from */
    size_t total;          /* slots of all chunks */
    bool refused;          /* atomic: there are no guards any more */
} slots;

struct place {
    struct slot_chunk *chunk;
    uint32_t index;
};

static unsigned char *slot_at(struct place place)
{
    return place.chunk->slots + (size_t)place.index * mem_stack_slot;
}

static struct mem_stack *stack_at(struct place place)
{
    unsigned char *slot = slot_at(place);
    return (struct mem_stack *)(void *)(slot + mem_stack_slot - mem_stack_colour(slot)) - 1;
}

static size_t chunk_size(uint32_t count)
{
    return (size_t)count * mem_stack_slot + arch_page_size;
}

/* ---- chunks: caller holds the lock */

static void open_chunk(struct slot_chunk *chunk)
{
    if (chunk->open.next == NULL)
        list_push_front(&slots.open, &chunk->open);
}

static void close_chunk(struct slot_chunk *chunk)
{
    if (chunk->open.next == NULL)
        return;
    list_remove(&chunk->open);
    chunk->open.next = NULL;
}

static void add_chunk(struct slot_chunk *chunk)
{
    if (slots.all.next == NULL) {
        list_init(&slots.all);
        list_init(&slots.open);
    }
    list_push_front(&slots.all, &chunk->link);
    slots.total += chunk->count;
    open_chunk(chunk);
}

static void remove_chunk(struct slot_chunk *chunk)
{
    close_chunk(chunk);
    list_remove(&chunk->link);
    slots.total -= chunk->count;
}

static uint32_t take_cold(struct slot_chunk *chunk)
{
    uint32_t word = 0;
    while (chunk->cold_set[word] == 0)
        word++;
    uint32_t index = word * bits + (uint32_t)__builtin_ctzl(chunk->cold_set[word]);
    chunk->cold_set[word] &= chunk->cold_set[word] - 1;
    chunk->cold--;
    return index;
}

/* ---- taking */

/* RELAXED: a hint; who misses it finds out again. */
static void refuse(void)
{
    atomic_store(&slots.refused, true, RELAXED);
}

bool mem_slots_are_refused(void)
{
    return atomic_load(&slots.refused, RELAXED); /* RELAXED: as in refuse */
}

/* A chunk with its first slot begun. NULL: no memory, or no guards. */
static struct slot_chunk *make_chunk(uint32_t count)
{
    unsigned char *base = page_map_stacks(chunk_size(count));
    if (base == NULL)
        return NULL;
    if (!page_guard(base, mem_stack_guard) || !page_is_guarded(base)) {
        page_unmap(base, chunk_size(count));
        refuse();
        return NULL;
    }
    struct slot_chunk *chunk = (void *)(base + (size_t)count * mem_stack_slot);
    chunk->slots = base;
    chunk->count = count;
    chunk->begun = 1;
    return chunk;
}

static uint32_t next_count(size_t total)
{
    return total < chunk_least ? chunk_least : total > chunk_most ? chunk_most : (uint32_t)total;
}

/* A slot of those that are there. The chunk is NULL: there is none. */
static struct place take_known(bool *is_new)
{
    while (slots.open.next != NULL && !list_is_empty(&slots.open)) {
        struct slot_chunk *chunk = container_of(slots.open.next, struct slot_chunk, open);
        *is_new = chunk->cold == 0;
        if (chunk->cold > 0)
            return (struct place){chunk, take_cold(chunk)};
        if (chunk->begun < chunk->count && !mem_slots_are_refused())
            return (struct place){chunk, chunk->begun++};
        close_chunk(chunk);
    }
    return (struct place){NULL, 0};
}

static struct place take_of_new_chunk(size_t total)
{
    struct place place = {NULL, 0};
    if (mem_slots_are_refused())
        return place;
    place.chunk = make_chunk(next_count(total));
    if (place.chunk != NULL) {
        lock_acquire(&slots.lock);
        add_chunk(place.chunk);
        lock_release(&slots.lock);
    }
    return place;
}

struct mem_stack *mem_slots_take(void)
{
    bool is_new = false;
    lock_acquire(&slots.lock);
    struct place place = take_known(&is_new);
    size_t total = slots.total;
    lock_release(&slots.lock);
    if (place.chunk == NULL)
        place = take_of_new_chunk(total);
    if (place.chunk == NULL)
        return NULL;
    if (is_new && !page_guard(slot_at(place), mem_stack_guard)) {
        /* The slot is lost: addresses, no memory. */
        refuse();
        return NULL;
    }
    struct mem_stack *stack = stack_at(place);
    stack->low = (uintptr_t)slot_at(place) + mem_stack_guard;
    stack->chunk = place.chunk;
    return stack;
}

/* ---- giving back */

static uint32_t index_of(const struct slot_chunk *chunk, uintptr_t address)
{
    return (uint32_t)((address - (uintptr_t)chunk->slots) / mem_stack_slot);
}

/* Returns whether none of the chunk's slots is in use now: then it is in no list any more. */
static bool set_cold(struct place place)
{
    struct slot_chunk *chunk = place.chunk;
    lock_acquire(&slots.lock);
    chunk->cold_set[place.index / bits] |= UINT64_C(1) << place.index % bits;
    chunk->cold++;
    open_chunk(chunk);
    bool is_unused = chunk->cold == chunk->begun;
    if (is_unused)
        remove_chunk(chunk);
    lock_release(&slots.lock);
    return is_unused;
}

/* The kernel may refuse: then it serves on. */
static void unmap_chunk(struct slot_chunk *chunk)
{
    if (page_unmap(chunk->slots, chunk_size(chunk->count)))
        return;
    lock_acquire(&slots.lock);
    add_chunk(chunk);
    lock_release(&slots.lock);
}

void mem_slots_cool(struct mem_stack *const *stacks, unsigned count)
{
    struct abi_memory_range ranges[mem_slots_cooled_most];
    struct slot_chunk *chunks[mem_slots_cooled_most];
    if (count == 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        chunks[i] = stacks[i]->chunk;
        ranges[i].start = stacks[i]->low;
        ranges[i].size = mem_stack_slot - mem_stack_guard;
    }
    page_discard_many(ranges, count);
    for (unsigned i = 0; i < count; i++) {
        if (set_cold((struct place){chunks[i], index_of(chunks[i], ranges[i].start)}))
            unmap_chunk(chunks[i]);
    }
}

/* ---- for reports */

const struct mem_stack *mem_slots_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *found = NULL;
    if (!lock_try_bounded(&slots.lock))
        return NULL;
    struct list_node *node = slots.all.next;
    for (; node != NULL && node != &slots.all && found == NULL; node = node->next) {
        struct slot_chunk *chunk = container_of(node, struct slot_chunk, link);
        uintptr_t start = (uintptr_t)chunk->slots;
        if (address < start || address - start >= (size_t)chunk->begun * mem_stack_slot ||
            (address - start) % mem_stack_slot >= mem_stack_guard)
            continue;
        struct place place = {chunk, index_of(chunk, address)};
        *low = (uintptr_t)slot_at(place) + mem_stack_guard;
        found = stack_at(place);
    }
    lock_release(&slots.lock);
    return found;
}
