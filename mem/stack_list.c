#include "mem/stack_list.h"

#include "base/atomic.h"
#include "mem/slots.h"

TOUCHED_AT_START static struct {
    struct lock lock;     /* guards `all` */
    struct list_node all; /* those that are no slots; all zero before the first */
    size_t count;         /* atomic, a count for reports: of all stacks */
} listed;

void mem_stack_count_more(size_t change)
{
    /* RELAXED: a count that nothing depends on. */
    atomic_fetch_add_shared(&listed.count, change, RELAXED);
}

size_t mem_stack_count(void)
{
    return atomic_load(&listed.count, RELAXED); /* RELAXED: as above */
}

void mem_stack_list(struct mem_stack *stack)
{
    lock_acquire(&listed.lock);
    if (listed.all.next == NULL)
        list_init(&listed.all);
    list_push_back(&listed.all, &stack->link);
    lock_release(&listed.lock);
    mem_stack_count_more(1);
}

void mem_stack_unlist(struct mem_stack *stack)
{
    lock_acquire(&listed.lock);
    list_remove(&stack->link);
    lock_release(&listed.lock);
}

/* ---- whose guard */

static const struct mem_stack *listed_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *found = NULL;
    if (!lock_try_bounded(&listed.lock))
        return NULL;
    const struct list_node *node = listed.all.next;
    for (; node != NULL && node != &listed.all && found == NULL; node = node->next) {
        const struct mem_stack *stack = container_of(node, struct mem_stack, link);
        if (mem_stack_guards(stack, address))
            found = stack;
    }
    lock_release(&listed.lock);
    if (found != NULL)
        *low = found->low;
    return found;
}

const struct mem_stack *mem_stack_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *found = listed_guarding(address, low);
    return found != NULL ? found : mem_slots_guarding(address, low);
}

/* ---- in reports */

/* noinline: once in the image. */
__attribute__((noinline)) void mem_stack_line(struct line *line)
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
