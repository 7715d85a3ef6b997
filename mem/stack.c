#include "mem/stack.h"

#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/lock.h"
#include "base/process.h"
#include "mem/pages.h"
#include "mem/slots.h"

enum {
    pool_most = 256,
    /* So much of a stack in .bss lies on the page of what follows it, and most tasks need no more:
     * a page less is touched. */
    shared_top = 1024,
};

TOUCHED_AT_START static struct {
    struct lock lock; /* guards the three below */
    struct mem_stack *first;
    size_t pooled;
    struct list_node all; /* those that are no slots; all zero before the first */
    size_t count;         /* atomic, a count for reports */
} pool;

static void count_stacks(size_t change)
{
    /* RELAXED: a count that nothing depends on. */
    atomic_fetch_add_shared(&pool.count, change, RELAXED);
}

static void list_stack(struct mem_stack *stack)
{
    lock_acquire(&pool.lock);
    if (pool.all.next == NULL)
        list_init(&pool.all);
    list_push_back(&pool.all, &stack->link);
    lock_release(&pool.lock);
    count_stacks(1);
}

/*
 * The first stack lies in .bss and costs no mapping, where nothing is mapped below: linker.ld puts
 * it first in its segment, behind a gap as wide as a guard. (Behind initialised data it would have
 * none; then, and with other scripts, it is not used.)
 */
__attribute__((section(".bss.first_stack"))) static _Alignas(
    arch_page_size) unsigned char first_stack[mem_stack_slot - mem_stack_guard + shared_top];

static bool first_stack_is_guarded(void)
{
    uintptr_t place = (uintptr_t)first_stack;
    const Elf64_Phdr *header = (const Elf64_Phdr *)process_auxiliary(AT_PHDR, 0);
    bool begins_segment = false;
    for (uint64_t left = process_auxiliary(AT_PHNUM, 0); left > 0; left--, header++) {
        if (header->p_type != PT_LOAD)
            continue;
        uintptr_t start = process.load_bias + header->p_vaddr;
        if (start < place && start + header->p_memsz > place - mem_stack_guard - arch_page_size)
            return false;
        if (start == place)
            begins_segment = true;
    }
    /* What may lie anywhere may have got something into its gap. */
    return begins_segment && process.load_bias == 0;
}

static struct mem_stack *describe(unsigned char *low, size_t usable)
{
    struct mem_stack *stack = (struct mem_stack *)(void *)(low + usable) - 1;
    stack->low = (uintptr_t)low;
    list_stack(stack);
    return stack;
}

static struct mem_stack *take_first_stack(void)
{
    TOUCHED_AT_START static bool taken;
    /* RELAXED: claims; nothing else is published by it. */
    if (atomic_load(&taken, RELAXED) || atomic_exchange(&taken, true, RELAXED) ||
        !first_stack_is_guarded())
        return NULL;
    return describe(first_stack, sizeof first_stack);
}

/* ---- promises: slots in .bss whose guard is made when it is needed */

enum { promises = 3 };
static _Alignas(arch_page_size) unsigned char promised_slots[promises][mem_stack_slot];
TOUCHED_AT_START static bool promised[promises]; /* atomic */

unsigned mem_stack_promise(void)
{
    for (unsigned i = 0; i < promises; i++) {
        /* ACQUIRE: with the RELEASE in mem_stack_promise_return. RELAXED: looked at again. */
        if (!atomic_load(&promised[i], RELAXED) && !atomic_exchange(&promised[i], true, ACQUIRE))
            return i + 1;
    }
    return 0;
}

void mem_stack_promise_return(unsigned promise)
{
    /* RELEASE: with the ACQUIRE in mem_stack_promise. */
    atomic_store(&promised[promise - 1], false, RELEASE);
}

struct mem_stack *mem_stack_promise_keep(unsigned promise)
{
    unsigned char *slot = promised_slots[promise - 1];
    if (!page_protect(slot, mem_stack_guard)) {
        mem_stack_promise_return(promise);
        return NULL;
    }
    return describe(slot + mem_stack_guard, mem_stack_slot - mem_stack_guard);
}

/* ---- from the kernel */

/*
 * Stacks lie at equal distances, so without more the tops of all would share few sets of each
 * cache: a thousand parked tasks would push each other out of caches that hold ten thousand. So
 * each top lies lower by some lines that depend on the slot; by less than half a page, that a task
 * which parks near its top still touches one page only.
 */
size_t mem_stack_colour(const unsigned char *slot)
{
    enum { colours = 32 };
    return (uintptr_t)slot / mem_stack_slot % colours * arch_cache_line;
}

static struct mem_stack *stack_map(void)
{
    unsigned char *slot = page_map_stacks(mem_stack_slot);
    if (slot == NULL)
        return NULL;
    if (!page_protect(slot, mem_stack_guard)) {
        page_unmap(slot, mem_stack_slot);
        return NULL;
    }
    return describe(slot + mem_stack_guard,
                    mem_stack_slot - mem_stack_guard - mem_stack_colour(slot));
}

static void stack_unmap(struct mem_stack *stack)
{
    lock_acquire(&pool.lock);
    list_remove(&stack->link);
    lock_release(&pool.lock);
    page_unmap((void *)(stack->low - mem_stack_guard), mem_stack_slot);
}

/* The cheapest that there is. */
static struct mem_stack *stack_make(void)
{
    struct mem_stack *stack = take_first_stack();
    if (stack != NULL)
        return stack;
    unsigned promise = mem_stack_promise();
    if (promise != 0)
        stack = mem_stack_promise_keep(promise);
    if (stack == NULL) {
        stack = mem_slots_take();
        if (stack == NULL)
            return stack_map();
        count_stacks(1);
    }
    return stack;
}

struct mem_stack *mem_stack_acquire(void)
{
    lock_acquire(&pool.lock);
    struct mem_stack *stack = pool.first;
    if (stack != NULL) {
        pool.first = stack->next;
        pool.pooled--;
    }
    lock_release(&pool.lock);
    return stack != NULL ? stack : stack_make();
}

/* Gives the memory of so many stacks back that nobody has. */
static void give_back(struct mem_stack *first, unsigned count)
{
    struct mem_stack *in_slots[mem_slots_cooled_most];
    unsigned slots = 0;
    count_stacks(0 - (size_t)count);
    while (count-- > 0) {
        struct mem_stack *stack = first;
        first = stack->next;
        if (stack->chunk != NULL)
            in_slots[slots++] = stack;
        else
            stack_unmap(stack);
    }
    mem_slots_cool(in_slots, slots);
}

/* What is too much goes many at a time. */
void mem_stack_release(struct mem_stack *stack)
{
    lock_acquire(&pool.lock);
    stack->next = pool.first;
    pool.first = stack;
    pool.pooled++;
    bool is_full = pool.pooled == pool_most + mem_slots_cooled_most;
    if (is_full) {
        for (unsigned i = 0; i < mem_slots_cooled_most; i++)
            pool.first = pool.first->next;
        pool.pooled -= mem_slots_cooled_most;
    }
    lock_release(&pool.lock);
    if (is_full)
        give_back(stack, mem_slots_cooled_most);
}

/* ---- with memory behind */

/* The first one costs no mapping, if the thread needs no more than threads do. */
enum { first_behind = 208 * 1024 };
static _Alignas(arch_page_size) unsigned char first_thread_slot[mem_stack_slot + first_behind];
TOUCHED_AT_START static bool first_thread_slot_taken; /* atomic */

static size_t size_with(size_t behind)
{
    return round_up(mem_stack_slot + shared_top + behind, arch_page_size);
}

static unsigned char *take_thread_slot(size_t size)
{
    /* ACQUIRE: with the RELEASE in give_thread_slot. RELAXED: looked at again. */
    if (size <= sizeof first_thread_slot && !atomic_load(&first_thread_slot_taken, RELAXED) &&
        !atomic_exchange(&first_thread_slot_taken, true, ACQUIRE))
        return first_thread_slot;
    return page_map_stacks(size);
}

static void give_thread_slot(unsigned char *slot, size_t size)
{
    if (slot == first_thread_slot)
        atomic_store(&first_thread_slot_taken, false,
                     RELEASE); /* RELEASE: with the ACQUIRE above */
    else
        page_unmap(slot, size);
}

struct mem_stack *mem_stack_acquire_with(size_t size, void **behind)
{
    size = size_with(size);
    unsigned char *slot = take_thread_slot(size);
    if (slot == NULL)
        return NULL;
    if (!page_protect(slot, mem_stack_guard)) {
        give_thread_slot(slot, size);
        return NULL;
    }
    *behind = slot + mem_stack_slot + shared_top;
    return describe(slot + mem_stack_guard, mem_stack_slot - mem_stack_guard + shared_top);
}

void mem_stack_return_with(struct mem_stack *stack, size_t size)
{
    lock_acquire(&pool.lock);
    list_remove(&stack->link);
    lock_release(&pool.lock);
    count_stacks((size_t)-1);
    give_thread_slot((unsigned char *)(stack->low - mem_stack_guard), size_with(size));
}

static const struct mem_stack *listed_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *found = NULL;
    if (!lock_try_bounded(&pool.lock))
        return NULL;
    const struct list_node *node = pool.all.next;
    for (; node != NULL && node != &pool.all && found == NULL; node = node->next) {
        const struct mem_stack *stack = container_of(node, struct mem_stack, link);
        if (mem_stack_guards(stack, address))
            found = stack;
    }
    lock_release(&pool.lock);
    if (found != NULL)
        *low = found->low;
    return found;
}

const struct mem_stack *mem_stack_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *found = listed_guarding(address, low);
    return found != NULL ? found : mem_slots_guarding(address, low);
}

size_t mem_stack_count(void)
{
    return atomic_load(&pool.count, RELAXED); /* RELAXED: as in count_stacks */
}

void mem_stack_line(struct line *line)
{
    line_text(line, "; task stacks mapped: ");
    line_number(line, mem_stack_count());
    line_text(line, "; the limit may be ");
    line_text(line, mem_slots_are_refused() ? "/proc/sys/vm/max_map_count"
                                            : "RLIMIT_AS or /proc/sys/vm/overcommit_memory");
}

void mem_stack_line_if_many(struct line *line)
{
    enum { many = 1000 };
    if (mem_stack_count() >= many)
        mem_stack_line(line);
}
