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
 * leaves the mapping whole.
 * Chunks lie side by side and have the same flags, so the kernel makes one mapping of them.
 *
 * While there are few of a size they are begun one by one, so that nothing has memory that nobody
 * uses. When there are hundreds, a *run* of them is begun at once: one call installs all guards,
 * and one gives memory to the pages in which the stacks begin; the first is for who asked, the
 * others wait in the pool. (A million tasks that park took 3.97 s of a CPU with none of that, 3.78
 * with the guards by 16 alone, 3.59 with both by 16, 3.20 with both by 64. Most of what is left is
 * the kernel's clearing of pages.) What the kernel cannot do many at a time is done one by one:
 * guards by a call each, memory by touch.
 *
 * A chunk holds stacks of one size. Those of a size double, from 4 MiB to 256 MiB, or one slot: a
 * small program does not reserve a gigabyte, and a large one asks seldom. MAP_STACK keeps huge
 * pages away, on every kernel that has the guards: one would make 8 stacks resident at once.
 *
 * A slot that is given back is *cold*: its pages have gone, its guard is there, a bit in its chunk
 * says that it may be taken. Many go cold by one call, because each call by itself costs a flush of
 * the page table's caches, on all CPUs. A chunk whose begun slots are all cold is unmapped, page
 * tables and all (they are 500 bytes a slot).
 *
 * Whether the kernel has the call is decided by what it does, at the first slot of each chunk: the
 * emulator qemu answers 0 and does nothing. Where a guard cannot be had (an older kernel, a
 * sandbox, memory that is locked) slots are not used any more, and each stack gets its mapping
 * (stack.c). A want of memory, ENOMEM, refuses this one stack only.
 */
#include "mem/slots.h"

#include <asm/errno.h>

#include "base/lock.h"
#include "mem/pages.h"
#include "mem/slot_chunk.h"

enum {
    chunk_bytes_least = 4 * 1024 * 1024,
    chunk_bytes_most = 256 * 1024 * 1024,
    bits = mem_slots_in_word,
    run_most = 64,
    part_of_total = 16, /* so many times as many there are before so many are begun at once */
    slots_before_runs = 256,
};

static struct {
    struct lock lock;     /* guards the lists, the chunks, each size's `open` and `total` */
    struct list_node all; /* zero before the first */
    bool refused;         /* atomic: there are no guards any more */
    bool singly;          /* atomic: there are, by a call each */
} slots;

struct place {
    struct slot_chunk *chunk;
    uint32_t index;
};

static unsigned char *slot_at(struct place place)
{
    return place.chunk->slots + place.index * place.chunk->slot;
}

static struct mem_stack *stack_at(struct place place)
{
    unsigned char *slot = slot_at(place);
    size_t bytes = place.chunk->slot;
    return (struct mem_stack *)(void *)(slot + bytes - mem_stack_colour(slot, bytes)) - 1;
}

static size_t chunk_size(uint32_t count, size_t slot)
{
    return count * slot + arch_page_size;
}

/* ---- chunks: caller holds the lock */

static void open_chunk(struct slot_chunk *chunk)
{
    if (chunk->open.next == NULL)
        list_push_front(&chunk->size->open, &chunk->open);
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
    if (slots.all.next == NULL)
        list_init(&slots.all);
    if (chunk->size->open.next == NULL)
        list_init(&chunk->size->open);
    list_push_front(&slots.all, &chunk->link);
    chunk->size->total += chunk->count;
    open_chunk(chunk);
}

static void remove_chunk(struct slot_chunk *chunk)
{
    close_chunk(chunk);
    list_remove(&chunk->link);
    chunk->size->total -= chunk->count;
}

/* Returns whether none of the chunk's slots is in use now: then it is in no list any more. */
static bool remove_if_unused(struct slot_chunk *chunk)
{
    bool is_unused = chunk->cold + chunk->lost == chunk->begun;
    if (is_unused)
        remove_chunk(chunk);
    return is_unused;
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

/* `error` is the kernel's; 0: it says that the guard is there, and it is not. */
static void note_refusal(int error)
{
    if (error != -ENOMEM)
        atomic_store(&slots.refused, true, RELAXED); /* RELAXED: who misses it finds out again */
}

bool mem_slots_are_refused(void)
{
    return atomic_load(&slots.refused, RELAXED); /* RELAXED: as in note_refusal */
}

/* A chunk with its first slot begun. NULL: no memory, or no guards. */
static struct slot_chunk *make_chunk(struct mem_stack_size *size, uint32_t count)
{
    size_t slot = mem_stack_slot_of(size);
    unsigned char *base = page_map_stacks(chunk_size(count, slot));
    if (base == NULL)
        return NULL;
    int error = page_guard_error(base, mem_stack_guard);
    if (error != 0 || !page_is_guarded(base)) {
        page_unmap(base, chunk_size(count, slot));
        note_refusal(error);
        return NULL;
    }
    struct slot_chunk *chunk = (void *)(base + count * slot);
    chunk->size = size;
    chunk->slot = slot;
    chunk->slots = base;
    chunk->count = count;
    chunk->begun = 1;
    return chunk;
}

/* As many as there are already, within the bounds. */
static uint32_t next_count(size_t total, size_t slot)
{
    size_t most = chunk_bytes_most / slot;
    size_t count = chunk_bytes_least / slot;
    count = total > count ? total : count;
    count = count < most ? count : most;
    return count < 1 ? 1 : count < mem_slots_most ? (uint32_t)count : mem_slots_most;
}

/* How many of the chunk's slots to begin at once: some are left. */
static uint32_t next_run(const struct slot_chunk *chunk)
{
    uint32_t left = chunk->count - chunk->begun;
    size_t most = chunk->size->total / part_of_total;
    most = most < run_most ? most : run_most;
    /* RELAXED: as in note_refusal. Of large ones the pool keeps few. */
    if (chunk->size->total < slots_before_runs || chunk->slot > mem_stack_slot ||
        atomic_load(&slots.singly, RELAXED))
        return 1;
    return left < most ? left : (uint32_t)most;
}

/*
 * A slot of those that are there, or the first of *begun ones, whose guards are yet to be made. The
 * chunk is NULL: there is none.
 */
static struct place take_known(struct mem_stack_size *size, uint32_t *begun)
{
    *begun = 0;
    while (size->open.next != NULL && !list_is_empty(&size->open)) {
        struct slot_chunk *chunk = container_of(size->open.next, struct slot_chunk, open);
        if (chunk->cold > 0)
            return (struct place){chunk, take_cold(chunk)};
        if (chunk->begun < chunk->count && !mem_slots_are_refused()) {
            struct place first = {chunk, chunk->begun};
            *begun = next_run(chunk);
            chunk->begun += *begun;
            return first;
        }
        close_chunk(chunk);
    }
    return (struct place){NULL, 0};
}

static struct place take_of_new_chunk(struct mem_stack_size *size, size_t total)
{
    struct place place = {NULL, 0};
    if (mem_slots_are_refused())
        return place;
    place.chunk = make_chunk(size, next_count(total, mem_stack_slot_of(size)));
    if (place.chunk != NULL) {
        lock_acquire(&slots.lock);
        add_chunk(place.chunk);
        lock_release(&slots.lock);
    }
    return place;
}

/* The kernel may refuse: then it serves on. */
static void unmap_chunk(struct slot_chunk *chunk)
{
    if (page_unmap(chunk->slots, chunk_size(chunk->count, chunk->slot)))
        return;
    lock_acquire(&slots.lock);
    add_chunk(chunk);
    lock_release(&slots.lock);
}

/* Of slots that were begun just now, so many, from this one on, have no guard. */
static void give_up(struct place place, uint32_t count, int error)
{
    struct slot_chunk *chunk = place.chunk;
    if (error != 0)
        note_refusal(error);
    lock_acquire(&slots.lock);
    if (chunk->begun == place.index + count) {
        chunk->begun -= count;
        open_chunk(chunk); /* who found it used up meanwhile has closed it */
    } else {
        chunk->lost += count;
    }
    bool is_unused = remove_if_unused(chunk);
    lock_release(&slots.lock);
    if (is_unused)
        unmap_chunk(chunk);
}

/* Guards a run, from this slot on; the stacks get memory at once. Returns how many have a guard. */
static uint32_t guard_run(struct place first, uint32_t count)
{
    struct abi_memory_range ranges[run_most];
    for (uint32_t i = 0; i < count; i++) {
        ranges[i].start = (uintptr_t)slot_at(first) + i * first.chunk->slot;
        ranges[i].size = mem_stack_guard;
    }
    uint32_t guarded = (uint32_t)page_guard_many(ranges, count);
    if (guarded == 0 || !page_is_guarded((void *)ranges[guarded - 1].start))
        return 0;
    for (uint32_t i = 0; i < guarded; i++) {
        ranges[i].start += first.chunk->slot - arch_page_size;
        ranges[i].size = arch_page_size;
    }
    page_populate_many(ranges, guarded);
    return guarded;
}

/* Returns how many of the slots, from the first on, have a guard now. The others are not begun. */
static uint32_t guard(struct place first, uint32_t count)
{
    int error = 0;
    uint32_t guarded = count > 1 ? guard_run(first, count) : 0;
    if (guarded == 0) {
        error = page_guard_error(slot_at(first), mem_stack_guard);
        guarded = error == 0;
        if (count > 1 && guarded == 1)
            atomic_store(&slots.singly, true, RELAXED); /* RELAXED: as in note_refusal */
    }
    if (guarded < count)
        give_up((struct place){first.chunk, first.index + guarded}, count - guarded, error);
    return guarded;
}

static struct mem_stack *describe(struct place place)
{
    struct mem_stack *stack = stack_at(place);
    stack->low = (uintptr_t)slot_at(place) + mem_stack_guard;
    stack->chunk = place.chunk;
    stack->size = place.chunk->size;
    stack->painted = 0;
    stack->used = false;
    return stack;
}

struct mem_stack *mem_slots_take(struct mem_stack_size *size)
{
    uint32_t begun;
    lock_acquire(&slots.lock);
    struct place place = take_known(size, &begun);
    size_t total = size->total;
    lock_release(&slots.lock);
    if (place.chunk == NULL)
        place = take_of_new_chunk(size, total);
    if (place.chunk == NULL)
        return NULL;
    if (begun != 0 && (begun = guard(place, begun)) == 0)
        return NULL;
    place.index += begun > 1 ? begun - 1 : 0;
    struct mem_stack *first = NULL;
    do {
        struct mem_stack *stack = describe(place);
        stack->next = first;
        first = stack;
        place.index--;
    } while (begun-- > 1);
    return first;
}

/* ---- giving back */

/* As remove_if_unused. */
static bool set_cold(struct place place)
{
    struct slot_chunk *chunk = place.chunk;
    lock_acquire(&slots.lock);
    chunk->cold_set[place.index / bits] |= UINT64_C(1) << place.index % bits;
    chunk->cold++;
    open_chunk(chunk);
    bool is_unused = remove_if_unused(chunk);
    lock_release(&slots.lock);
    return is_unused;
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
        ranges[i].size = chunks[i]->slot - mem_stack_guard;
    }
    page_discard_many(ranges, count);
    for (unsigned i = 0; i < count; i++) {
        if (set_cold((struct place){chunks[i], mem_slot_index(chunks[i], ranges[i].start)}))
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
        if (address < start || address - start >= chunk->begun * chunk->slot ||
            (address - start) % chunk->slot >= mem_stack_guard)
            continue;
        struct place place = {chunk, mem_slot_index(chunk, address)};
        *low = (uintptr_t)slot_at(place) + mem_stack_guard;
        found = stack_at(place);
    }
    lock_release(&slots.lock);
    return found;
}
