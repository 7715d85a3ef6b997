/*
 * Which stack does an address guard: asked from fault handlers, so also while the list of stacks is
 * locked by whoever faulted. And how an error tells of many stacks. (The C file itself is here, for
 * its lock.)
 */
#include "mem/stack_list.c"

#include "base/memory.h"
#include "tests/tap.h"

enum { stacks = 1200, ahead = 64 };

static struct mem_stack *taken[stacks];
static uintptr_t low; /* of the stack that was found */

static void test_found(void)
{
    struct mem_stack *first = mem_stack_acquire(), *second = mem_stack_acquire();
    check(mem_stack_guarding(first->low - 1, &low) == first, "just below the first stack");
    check(mem_stack_guarding(second->low - mem_stack_guard, &low) == second,
          "the second guard's end");
    check(mem_stack_guarding(first->low, &low) == NULL, "not in the stack itself");
    uintptr_t below = (first->low < second->low ? first->low : second->low) - mem_stack_guard - 1;
    check(mem_stack_guarding(below, &low) == NULL, "not below all guards");
    check(mem_stack_usable(first) > 128 * 1024, "a stack has what is promised");
    mem_stack_release(first);
    check(mem_stack_guarding(first->low - 1, &low) == first, "a stack that nobody has");
    mem_stack_release(second);
}

static void test_locked(void)
{
    struct mem_stack *stack = mem_stack_acquire();
    lock_acquire(&listed.lock);
    check(mem_stack_guarding(stack->low - 1, &low) == NULL,
          "under the lock: not known, but no wait");
    lock_release(&listed.lock);
    check(mem_stack_guarding(stack->low - 1, &low) == stack, "known again");
    mem_stack_release(stack);
}

static bool tells_of_stacks(void)
{
    struct line line;
    line_begin(&line);
    mem_stack_line_if_many(&line);
    return line.len > 0;
}

static void test_many(void)
{
    check(!tells_of_stacks(), "few stacks are no reason for a want of memory");
    bool all_there = true;
    for (int i = 0; i < stacks; i++)
        all_there = (taken[i] = mem_stack_acquire()) != NULL && all_there;
    size_t count = mem_stack_count();
    check(all_there && count >= stacks && count < stacks + ahead, "many stacks");
    check(tells_of_stacks(), "they may be one");
    for (int i = 0; i < stacks; i++)
        mem_stack_release(taken[i]);
    check(mem_stack_count() < stacks && mem_stack_count() > 1, "most of them have gone, some stay");
    check(!tells_of_stacks(), "and are none again");
}

int main(void)
{
    check(mem_stack_guarding(0x1000, &low) == NULL, "before there is a stack");
    test_found();
    test_locked();
    test_many();
    return tap_done();
}
