#include "mem/packed.h"

#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/panic.h"
#include "base/thread_block.h"
#include "mem/pages.h"

enum {
    chunk_least = 64 * 1024,
    chunk_most = 16 * 1024 * 1024,
    huge_page = 2 * 1024 * 1024,
    chunk_huge = 2 * huge_page, /* from this size on a chunk has huge pages */
    before_stacks = arch_page_size + mem_stack_guard,
};

struct packed_chunk {
    struct list_node open; /* in its size's, when something can be taken; else its next is NULL */
    size_t bytes;          /* of the mapping, with what lies before the stacks */
    unsigned number;
    uint32_t count;
    uint32_t begun;
    uint32_t used;
    struct mem_stack *free; /* begun, and given back */
};

static struct packed_size {
    struct lock lock;      /* guards the rest, and the chunks */
    struct list_node open; /* zero before the first */
    size_t bytes;          /* of all its chunks */
    uint32_t unused;       /* chunks of which none is in use; open */
} sizes[mem_packed_numbers];

/* Where the lowest begins, above the guard. */
static unsigned char *stacks_of(struct packed_chunk *chunk)
{
    return (unsigned char *)chunk + before_stacks;
}

/* ---- what must not be written over */

/* No address, and another in each process. */
static uint64_t mark_for(const void *place)
{
    return thread_block()->canary ^ (uintptr_t)place;
}

static void lay(uint64_t *place)
{
    *(volatile uint64_t *)place = mark_for(place);
}

static bool lies(const uint64_t *place)
{
    return *(const volatile uint64_t *)place == mark_for(place);
}

bool mem_packed_has_mark(const struct mem_stack *stack)
{
    return lies(&stack->mark);
}

/* Below the lowest of a chunk lies the guard. */
bool mem_packed_is_whole(const struct mem_stack *stack)
{
    const uint64_t *low = (const uint64_t *)stack->low - 1;
    bool is_lowest = (const unsigned char *)low == stacks_of(stack->packed.chunk);
    return lies(low) && (is_lowest || lies(low - 1));
}

/* ---- chunks */

/* A kernel that has none makes small ones. */
static void want_huge_pages(void *address, size_t size)
{
    arch_syscall3(__NR_madvise, (long)address, (long)size, MADV_HUGEPAGE);
}

/* Huge pages begin where the stacks do: so what lies before those lies below a multiple. */
static unsigned char *map_huge(size_t bytes)
{
    enum { unused = huge_page - before_stacks };
    unsigned char *mapped = page_map_aligned(unused + bytes, huge_page);
    if (mapped == NULL)
        return NULL;
    page_unmap(mapped, unused); /* a refusal costs addresses, no memory */
    want_huge_pages(mapped + huge_page, bytes - before_stacks);
    return mapped + unused;
}

static struct packed_chunk *make_chunk(unsigned number, size_t room)
{
    size_t bytes = before_stacks + room;
    unsigned char *base = room >= chunk_huge ? map_huge(bytes) : page_map_stacks(bytes);
    if (base == NULL)
        return NULL;
    if (!page_protect(base + arch_page_size, mem_stack_guard)) {
        page_unmap(base, bytes);
        return NULL;
    }
    struct packed_chunk *chunk = (void *)base;
    chunk->number = number;
    chunk->bytes = bytes;
    chunk->count = (uint32_t)(room / mem_packed_size(number));
    return chunk;
}

/* Caller holds the lock. */
static void open_chunk(struct packed_size *size, struct packed_chunk *chunk)
{
    if (size->open.next == NULL)
        list_init(&size->open);
    if (chunk->open.next == NULL)
        list_push_front(&size->open, &chunk->open);
}

/* Caller holds the lock. */
static void close_chunk(struct packed_chunk *chunk)
{
    list_remove(&chunk->open);
    chunk->open.next = NULL;
}

/* As large as all that are there. NULL: the kernel refuses; then what is smaller may do. */
static struct packed_chunk *make_next_chunk(unsigned number, size_t bytes)
{
    size_t next = chunk_least;
    while (next < bytes && next < chunk_most)
        next *= 2;
    struct packed_chunk *chunk = make_chunk(number, next);
    if (chunk == NULL && next > chunk_least)
        chunk = make_chunk(number, chunk_least);
    return chunk;
}

/* ---- taking, and giving back */

/* Weak: only tasks have names. */
__attribute__((weak)) void mem_hook_packed_damaged(const struct mem_stack *stack, unsigned number)
{
    (void)stack;
    (void)number;
    panic("a packed stack that is free was written over");
}

/*
 * Caller holds the lock. NULL: there is none. *fresh: the chunk, if nobody had the stack before,
 * and nothing is written there yet: to touch new memory takes long.
 */
static struct mem_stack *take_known(struct packed_size *size, struct packed_chunk **fresh)
{
    *fresh = NULL;
    if (size->open.next == NULL || list_is_empty(&size->open))
        return NULL;
    struct packed_chunk *chunk = container_of(size->open.next, struct packed_chunk, open);
    struct mem_stack *stack = chunk->free;
    if (stack != NULL) {
        if (unlikely(!lies(&stack->mark)))
            mem_hook_packed_damaged(stack, chunk->number);
        chunk->free = stack->next;
    } else {
        unsigned char *top = stacks_of(chunk) + ++chunk->begun * mem_packed_size(chunk->number);
        stack = (struct mem_stack *)(void *)top - 1;
        *fresh = chunk;
    }
    if (chunk->used++ == 0)
        size->unused--;
    if (chunk->used == chunk->count)
        close_chunk(chunk);
    return stack;
}

/* Who has the stack below may not have come to lay its mark: it is the same for both. */
static void begin_stack(struct mem_stack *stack, struct packed_chunk *chunk)
{
    unsigned char *low = (unsigned char *)(stack + 1) - mem_packed_size(chunk->number);
    stack->low = (uintptr_t)low + sizeof(uint64_t);
    stack->packed.chunk = chunk;
    lay(&stack->mark);
    if (low != stacks_of(chunk))
        lay((uint64_t *)(void *)low - 1);
}

/* Others may have made a chunk meanwhile: then that is taken from, and ours was for nothing. */
static struct mem_stack *take_of_new(struct packed_size *size, unsigned number, size_t total,
                                     struct packed_chunk **fresh)
{
    struct packed_chunk *chunk = make_next_chunk(number, total);
    if (chunk == NULL)
        return NULL;
    lock_acquire(&size->lock);
    struct mem_stack *stack = take_known(size, fresh);
    bool is_needless = stack != NULL;
    if (!is_needless) {
        size->bytes += chunk->bytes;
        size->unused++;
        open_chunk(size, chunk);
        stack = take_known(size, fresh);
    }
    lock_release(&size->lock);
    if (is_needless)
        page_unmap(chunk, chunk->bytes);
    return stack;
}

struct mem_stack *mem_packed_take(unsigned number)
{
    struct packed_size *size = &sizes[number];
    lock_acquire(&size->lock);
    struct packed_chunk *fresh;
    struct mem_stack *stack = take_known(size, &fresh);
    size_t total = size->bytes;
    lock_release(&size->lock);
    if (unlikely(stack == NULL))
        stack = take_of_new(size, number, total, &fresh);
    if (unlikely(stack == NULL) && mem_stack_empty_pools())
        stack = take_of_new(size, number, total, &fresh);
    if (unlikely(stack == NULL))
        return NULL;
    if (fresh != NULL)
        begin_stack(stack, fresh);
    stack->packed.context = NULL;
    stack->painted = 0;
    lay((uint64_t *)stack->low - 1);
    return stack;
}

/*
 * Of a chunk that has become unused: whether it goes. One stays, else who comes and goes at the
 * edge of a chunk would have one made, and touched, each time.
 */
static bool is_too_much(struct packed_size *size)
{
    bool goes = size->unused != 0;
    size->unused += !goes;
    return goes;
}

/* Caller holds the lock. */
static void take_out(struct packed_size *size, struct packed_chunk *chunk)
{
    close_chunk(chunk);
    size->bytes -= chunk->bytes;
}

/* An unused one that was taken out. False: the kernel refuses (vm.max_map_count); it serves on. */
static bool give_chunk(struct packed_size *size, struct packed_chunk *chunk)
{
    if (page_unmap(chunk, chunk->bytes))
        return true;
    lock_acquire(&size->lock);
    size->bytes += chunk->bytes;
    size->unused++;
    open_chunk(size, chunk);
    lock_release(&size->lock);
    return false;
}

void mem_packed_give(struct mem_stack *stack)
{
    struct packed_chunk *chunk = stack->packed.chunk;
    struct packed_size *size = &sizes[chunk->number];
    lock_acquire(&size->lock);
    stack->next = chunk->free;
    chunk->free = stack;
    open_chunk(size, chunk);
    bool goes = --chunk->used == 0 && is_too_much(size);
    if (goes)
        take_out(size, chunk);
    lock_release(&size->lock);
    if (goes)
        give_chunk(size, chunk);
}

/* NULL: there is none. */
static struct packed_chunk *take_unused(struct packed_size *size)
{
    struct packed_chunk *found = NULL;
    lock_acquire(&size->lock);
    for (struct list_node *node = size->open.next; size->unused != 0 && found == NULL;
         node = node->next) {
        struct packed_chunk *chunk = container_of(node, struct packed_chunk, open);
        if (chunk->used == 0)
            found = chunk;
    }
    if (found != NULL) {
        take_out(size, found);
        size->unused--;
    }
    lock_release(&size->lock);
    return found;
}

bool mem_hook_give_packed(void)
{
    bool did = false;
    for (unsigned i = 0; i < mem_packed_numbers; i++) {
        struct packed_chunk *chunk = take_unused(&sizes[i]);
        did |= chunk != NULL && give_chunk(&sizes[i], chunk);
    }
    return did;
}
