#include "mem/stack.h"

#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/lock.h"
#include "mem/pages.h"

_Static_assert(sizeof(struct mem_stack) % 16 == 0, "the top of a stack is 16-byte aligned");

enum { pool_most = 256 };

static struct {
    struct lock lock; /* guards the three below */
    struct mem_stack *first;
    size_t pooled;
    struct list_node all; /* every stack that is mapped; all zero before the first */
    size_t mapped;        /* atomic, a count for reports */
} pool;

static void list_stack(struct mem_stack *stack)
{
    lock_acquire(&pool.lock);
    if (pool.all.next == NULL)
        list_init(&pool.all);
    list_push_back(&pool.all, &stack->link);
    lock_release(&pool.lock);
    /* RELAXED: a count that nothing depends on. */
    atomic_fetch_add(&pool.mapped, 1, RELAXED);
}

static struct mem_stack *stack_map(void)
{
    long base = arch_syscall6(__NR_mmap, 0, mem_stack_slot, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (base < 0)
        return NULL;
    if (!page_protect((void *)base, mem_stack_guard)) {
        page_unmap((void *)base, mem_stack_slot);
        return NULL;
    }
    struct mem_stack *stack =
        (struct mem_stack *)((uintptr_t)base + mem_stack_slot - sizeof(struct mem_stack));
    stack->low = (uintptr_t)base + mem_stack_guard;
    list_stack(stack);
    return stack;
}

static void stack_unmap(struct mem_stack *stack)
{
    atomic_fetch_sub(&pool.mapped, 1, RELAXED); /* RELAXED: as in list_stack */
    page_unmap((void *)(stack->low - mem_stack_guard), mem_stack_slot);
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
    return stack != NULL ? stack : stack_map();
}

void mem_stack_release(struct mem_stack *stack)
{
    lock_acquire(&pool.lock);
    bool keep = pool.pooled < pool_most;
    if (keep) {
        stack->next = pool.first;
        pool.first = stack;
        pool.pooled++;
    } else {
        list_remove(&stack->link);
    }
    lock_release(&pool.lock);
    if (!keep)
        stack_unmap(stack);
}

/* Whoever faults may hold the lock itself, so it is not waited for. */
static bool try_for_a_while(struct lock *lock)
{
    enum { tries = 10000 };
    for (unsigned i = 0; i < tries; i++) {
        if (lock_try(lock))
            return true;
        arch_pause();
    }
    return false;
}

const struct mem_stack *mem_stack_guarding(uintptr_t address)
{
    const struct mem_stack *found = NULL;
    if (!try_for_a_while(&pool.lock))
        return NULL;
    const struct list_node *node = pool.all.next;
    for (; node != NULL && node != &pool.all && found == NULL; node = node->next) {
        const struct mem_stack *stack = container_of(node, struct mem_stack, link);
        if (mem_stack_guards(stack, address))
            found = stack;
    }
    lock_release(&pool.lock);
    return found;
}

size_t mem_stack_count(void)
{
    return atomic_load(&pool.mapped, RELAXED); /* RELAXED: as in list_stack */
}

void mem_stack_line(struct line *line)
{
    line_text(line, "; task stacks mapped: ");
    line_number(line, mem_stack_count());
    line_text(line, "; the limit may be /proc/sys/vm/max_map_count");
}

void mem_stack_line_if_many(struct line *line)
{
    enum { many = 1000 };
    if (mem_stack_count() >= many)
        mem_stack_line(line);
}
