#include "mem/stack_sizes.h"

#include "base/atomic.h"

static struct mem_stack_size sizes[mem_stack_numbers]; /* [0] is not used */
static struct lock chain_lock;

unsigned mem_stack_number(size_t promise)
{
    unsigned number = 1;
    promise = mem_stack_promise_round(promise);
    while (mem_stack_promise_of(number) < promise)
        number++;
    return promise == mem_stack_promised() ? 0 : number;
}

/* Into the chain, behind the default. */
static void begin_size(struct mem_stack_size *size, unsigned number)
{
    lock_acquire(&chain_lock);
    if (size->number == 0) {
        size->slot = mem_stack_guard + mem_stack_promise_of(number) + mem_stack_runtime;
        size->next = mem_stack_default.next;
        /* RELEASE: with the ACQUIRE in mem_stack_trim_all (stack.c); publishes the size. */
        atomic_store(&mem_stack_default.next, size, RELEASE);
        /* RELEASE: with the ACQUIRE in mem_stack_size_of. */
        atomic_store(&size->number, number, RELEASE);
    }
    lock_release(&chain_lock);
}

struct mem_stack_size *mem_stack_size_of(unsigned number)
{
    if (number == 0)
        return &mem_stack_default;
    struct mem_stack_size *size = &sizes[number];
    /* ACQUIRE: with the RELEASE in begin_size, which publishes the slot. */
    if (unlikely(atomic_load(&size->number, ACQUIRE) == 0))
        begin_size(size, number);
    return size;
}
