#include "mem/stack.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/atomic.h"
#include "base/process.h"
#include "mem/pages.h"
#include "mem/slots.h"
#include "mem/stack_list.h"

enum {
    /* 32 of the default size are given back or trimmed at a time, of larger ones fewer; and the
     * pool holds so many times as many, but of those that are larger than that by themselves one.
     */
    batch_bytes_most = 8 * 1024 * 1024,
    batches_pooled = 8,
    /* So much of a stack in .bss lies on the page of what follows it, and most tasks need no more:
     * a page less is touched. */
    shared_top = 1024,
};

TOUCHED_AT_START struct mem_stack_size mem_stack_default;

/* How many stacks of the size are trimmed or given back at a time. */
static unsigned batch_of(const struct mem_stack_size *size)
{
    size_t count = batch_bytes_most / mem_stack_slot_of(size);
    return count < 1 ? 1 : count > mem_slots_cooled_most ? mem_slots_cooled_most : (unsigned)count;
}

void mem_stack_set_default(size_t promise)
{
    mem_stack_default.slot = mem_stack_guard + mem_stack_beyond + mem_stack_promise_round(promise);
}

/* How many stacks of the size the pool keeps. */
static unsigned pooled_most(const struct mem_stack_size *size)
{
    return mem_stack_slot_of(size) > batch_bytes_most ? 1 : batch_of(size) * batches_pooled;
}

/* The stacks in the image have the size that the default has if it was not set. */
static bool image_will_do(const struct mem_stack_size *size)
{
    return size == &mem_stack_default && mem_stack_slot_of(size) == mem_stack_slot;
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

static struct mem_stack *describe(struct mem_stack_size *size, unsigned char *low, size_t usable)
{
    struct mem_stack *stack = (struct mem_stack *)(void *)(low + usable) - 1;
    stack->low = (uintptr_t)low;
    stack->size = size;
    mem_stack_list(stack);
    return stack;
}

static struct mem_stack *take_first_stack(void)
{
    TOUCHED_AT_START static bool taken;
    /* RELAXED: claims; nothing else is published by it. */
    if (atomic_load(&taken, RELAXED) || atomic_exchange(&taken, true, RELAXED) ||
        !first_stack_is_guarded())
        return NULL;
    return describe(&mem_stack_default, first_stack, sizeof first_stack);
}

/* ---- promises: slots in .bss whose guard is made when it is needed */

enum { promises = 3 };
static _Alignas(arch_page_size) unsigned char promised_slots[promises][mem_stack_slot];
TOUCHED_AT_START static bool promised[promises]; /* atomic */

unsigned mem_stack_promise(void)
{
    for (unsigned i = 0; i < promises && image_will_do(&mem_stack_default); i++) {
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
    return describe(&mem_stack_default, slot + mem_stack_guard, mem_stack_slot - mem_stack_guard);
}

/* ---- from the kernel */

/*
 * Stacks lie at equal distances, so without more the tops of all would share few sets of each
 * cache: a thousand parked tasks would push each other out of caches that hold ten thousand. So
 * each top lies lower by some lines that depend on the slot; by less than half a page, that a task
 * which parks near its top still touches one page only.
 */
size_t mem_stack_colour(const unsigned char *slot, size_t bytes)
{
    enum { colours = 32 };
    return (uintptr_t)slot / bytes % colours * arch_cache_line;
}

static struct mem_stack *stack_map(struct mem_stack_size *size)
{
    size_t bytes = mem_stack_slot_of(size);
    unsigned char *slot = page_map_stacks(bytes);
    if (slot == NULL)
        return NULL;
    if (!page_protect(slot, mem_stack_guard)) {
        page_unmap(slot, bytes);
        return NULL;
    }
    if (bytes > mem_stack_slot)
        page_keep_small(slot, bytes); /* a kernel as old as this one may not know MAP_STACK */
    return describe(size, slot + mem_stack_guard,
                    bytes - mem_stack_guard - mem_stack_colour(slot, bytes));
}

static void stack_unmap(struct mem_stack *stack)
{
    size_t bytes = mem_stack_slot_of(stack->size);
    mem_stack_unlist(stack);
    page_unmap((void *)(stack->low - mem_stack_guard), bytes);
}

static struct mem_stack *stack_of_image(void)
{
    struct mem_stack *stack = take_first_stack();
    unsigned promise = stack != NULL ? 0 : mem_stack_promise();
    return promise != 0 ? mem_stack_promise_keep(promise) : stack;
}

/* New ones, that nobody has used. Returns how many they are. */
static uint32_t pool_others(struct mem_stack_size *size, struct mem_stack *first)
{
    uint32_t count = 0;
    lock_acquire(&size->lock);
    for (struct mem_stack *stack = first; stack != NULL; stack = first) {
        first = stack->next;
        stack->next = size->trimmed;
        size->trimmed = stack;
        count++;
    }
    size->pooled += count;
    lock_release(&size->lock);
    return count;
}

/* The cheapest that there is. */
static struct mem_stack *stack_make(struct mem_stack_size *size)
{
    struct mem_stack *stack = image_will_do(size) ? stack_of_image() : NULL;
    if (stack != NULL)
        return stack;
    atomic_fetch_add_shared(&size->coming, 1, RELAXED); /* RELAXED: the lock of slots.c publishes */
    stack = mem_slots_take(size);
    if (stack != NULL)
        mem_stack_count_more(1 + pool_others(size, stack->next));
    /* RELEASE: with the ACQUIRE in wait_for_others; what came lies in the pool. */
    atomic_fetch_add_shared(&size->coming, UINT32_MAX, RELEASE);
    return stack != NULL ? stack : stack_map(size);
}

/* Caller holds the size's lock. RELAXED: read by others as a hint. */
static void set_untrimmed(struct mem_stack_size *size, uint32_t count)
{
    atomic_store(&size->untrimmed, count, RELAXED);
}

/* ---- trimming, and giving back */

/* Notes that the stack's part from `low` to `end` goes, if a task can have been there. */
static size_t note_trimmed(struct mem_stack *stack, uintptr_t end)
{
    if (!stack->used || end <= stack->low)
        return 0;
    stack->used = false;
    stack->painted = 0;
    return end - stack->low;
}

/* So many of the list: a page or two of each stay warm. Returns the last. */
static struct mem_stack *trim(struct mem_stack *stack, unsigned count)
{
    struct abi_memory_range ranges[mem_slots_cooled_most];
    unsigned used = 0;
    for (;; stack = stack->next) {
        uintptr_t end = round_down((uintptr_t)stack, arch_page_size) - arch_page_size;
        ranges[used].start = stack->low;
        ranges[used].size = note_trimmed(stack, end);
        used += ranges[used].size != 0;
        if (--count == 0)
            break;
    }
    if (used != 0)
        page_discard_many(ranges, used);
    return stack;
}

/* Gives the memory of so many stacks back that nobody has. */
static void give_back(struct mem_stack *first, unsigned count)
{
    struct mem_stack *in_slots[mem_slots_cooled_most];
    unsigned slots = 0;
    mem_stack_count_more(0 - (size_t)count);
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

/* Takes one out of the pool, which holds some: the newest. Caller holds the size's lock. */
static __attribute__((noinline)) struct mem_stack *take_newest(struct mem_stack_size *size)
{
    struct mem_stack **list = size->untrimmed != 0 ? &size->fresh : &size->trimmed;
    struct mem_stack *stack = *list;
    *list = stack->next;
    size->pooled--;
    if (size->untrimmed != 0)
        set_untrimmed(size, size->untrimmed - 1);
    return stack;
}

/* Takes so many out of the pool. Caller holds the size's lock. */
static struct mem_stack *take_out(struct mem_stack_size *size, unsigned count)
{
    struct mem_stack *first = NULL;
    while (count-- > 0) {
        struct mem_stack *stack = take_newest(size);
        stack->next = first;
        first = stack;
    }
    return first;
}

/* What comes meanwhile is trimmed the next time. */
static void trim_pool(struct mem_stack_size *size)
{
    lock_acquire(&size->lock);
    unsigned count = size->untrimmed;
    struct mem_stack *first = size->fresh;
    size->fresh = NULL;
    size->pooled -= count;
    set_untrimmed(size, 0);
    lock_release(&size->lock);
    while (count > 0) {
        unsigned some = count < mem_slots_cooled_most ? count : mem_slots_cooled_most;
        struct mem_stack *last = trim(first, some);
        struct mem_stack *rest = last->next;
        lock_acquire(&size->lock);
        last->next = size->trimmed;
        size->trimmed = first;
        size->pooled += some;
        lock_release(&size->lock);
        first = rest;
        count -= some;
    }
}

/* ---- acquiring and releasing */

static struct mem_stack *pool_take(struct mem_stack_size *size)
{
    lock_acquire(&size->lock);
    struct mem_stack *stack = size->pooled != 0 ? take_newest(size) : NULL;
    lock_release(&size->lock);
    return stack;
}

static bool empty_pool(struct mem_stack_size *size)
{
    lock_acquire(&size->lock);
    unsigned batch = batch_of(size);
    unsigned count = size->pooled < batch ? size->pooled : batch;
    struct mem_stack *first = take_out(size, count);
    lock_release(&size->lock);
    if (count != 0)
        give_back(first, count);
    return count != 0;
}

/* Weak: a program without packed stacks. */
__attribute__((weak)) bool mem_hook_give_packed(void)
{
    return false;
}

bool mem_stack_empty_pools(void)
{
    bool did = mem_hook_give_packed();
    /* ACQUIRE: with the RELEASE in begin_size (stack_sizes.c). */
    for (struct mem_stack_size *size = &mem_stack_default; size != NULL;
         size = atomic_load(&size->next, ACQUIRE)) {
        while (empty_pool(size))
            did = true;
    }
    return did;
}

/* Nothing is to be had, but others may be about to put some into the pool. */
static void wait_for_others(struct mem_stack_size *size)
{
    /* ACQUIRE: with the RELEASE in stack_make. */
    while (atomic_load(&size->coming, ACQUIRE) != 0)
        arch_syscall0(__NR_sched_yield);
}

struct mem_stack *mem_stack_acquire_of(struct mem_stack_size *size)
{
    struct mem_stack *stack = pool_take(size);
    if (stack == NULL)
        stack = stack_make(size);
    if (unlikely(stack == NULL)) {
        wait_for_others(size);
        stack = pool_take(size);
        if (stack == NULL && mem_stack_empty_pools())
            stack = stack_make(size);
    }
    return stack;
}

/*
 * What is too much goes, many at a time. The others are trimmed, of large sizes at once. Of the
 * default and smaller ones only when many have come: they come and go quickly, and to look for what
 * lies deep in a stack takes as long as all else that is done for it.
 */
void mem_stack_release(struct mem_stack *stack)
{
    enum { releases_to_trim = 4096 };
    struct mem_stack_size *size = stack->size;
    struct mem_stack *first = NULL;
    unsigned batch = batch_of(size);
    lock_acquire(&size->lock);
    stack->next = size->fresh;
    size->fresh = stack;
    size->pooled++;
    set_untrimmed(size, size->untrimmed + 1);
    bool is_due = batch < mem_slots_cooled_most ? size->untrimmed >= batch
                                                : ++size->releases % releases_to_trim == 0;
    if (size->pooled >= pooled_most(size) + batch)
        first = take_out(size, batch);
    lock_release(&size->lock);
    if (first != NULL)
        give_back(first, batch);
    if (is_due)
        trim_pool(size);
}

void mem_stack_trim_all(struct mem_stack *own)
{
    /* A page for what is called from here. */
    uintptr_t here = round_down((uintptr_t)__builtin_frame_address(0), arch_page_size);
    size_t deep = own == NULL ? 0 : note_trimmed(own, here - arch_page_size);
    if (deep != 0)
        page_discard((void *)own->low, deep);
    struct mem_stack_size *size = &mem_stack_default;
    /* ACQUIRE: with the RELEASE in begin_size (stack_sizes.c). RELAXED: a hint. */
    for (; size != NULL; size = atomic_load(&size->next, ACQUIRE)) {
        if (atomic_load(&size->untrimmed, RELAXED) != 0)
            trim_pool(size);
    }
}

/* ---- with memory behind */

/* The first one costs no mapping, if the thread needs no more than threads do. */
enum { first_behind = 208 * 1024 };
static _Alignas(arch_page_size) unsigned char first_thread_slot[mem_stack_slot + first_behind];
TOUCHED_AT_START static bool first_thread_slot_taken; /* atomic */

static size_t size_with(size_t behind)
{
    return round_up(mem_stack_slot_of(&mem_stack_default) + shared_top + behind, arch_page_size);
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
    size_t bytes = mem_stack_slot_of(&mem_stack_default) + shared_top;
    if (bytes > mem_stack_slot + shared_top)
        page_keep_small(slot, size); /* as in stack_map */
    *behind = slot + bytes;
    return describe(&mem_stack_default, slot + mem_stack_guard, bytes - mem_stack_guard);
}

void mem_stack_return_with(struct mem_stack *stack, size_t size)
{
    mem_stack_unlist(stack);
    mem_stack_count_more((size_t)-1);
    give_thread_slot((unsigned char *)(stack->low - mem_stack_guard), size_with(size));
}
