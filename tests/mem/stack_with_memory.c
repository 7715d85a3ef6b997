/* A stack with a thread's memory behind it: the one in the image, and those from the kernel. */
#include "mem/stack.h"
#include "tests/tap.h"

enum { usual = 40 * 1024, large = 300 * 1024 };

static void fill(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = 0xa5;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* All of both can be written, and lies where it should. */
static uintptr_t low;

static struct mem_stack *take(size_t size, const char *which)
{
    void *behind = NULL;
    struct mem_stack *stack = mem_stack_acquire_with(size, &behind);
    check(stack != NULL && mem_stack_guarding(stack->low - 1, &low) == stack, which);
    check(behind == stack + 1 && (uintptr_t)behind % arch_cache_line == 0, "directly behind");
    check(round_down((uintptr_t)stack, arch_page_size) ==
              round_down((uintptr_t)behind, arch_page_size),
          "on the page of the header");
    check(mem_stack_usable(stack) >= mem_stack_slot - mem_stack_guard - sizeof *stack,
          "the stack is no smaller than others");
    check(is_zero(behind, size), "zero at first");
    fill(behind, size);
    fill((unsigned char *)stack->low, mem_stack_usable(stack));
    check(mem_stack_guarding(stack->low - mem_stack_guard, &low) == stack,
          "the header is untouched");
    return stack;
}

int main(void)
{
    size_t count = mem_stack_count();
    struct mem_stack *large_one = take(large, "one with more than the image has room for");
    struct mem_stack *first = take(usual, "the one in the image");
    struct mem_stack *second = take(usual, "one from the kernel");
    check_equal((int64_t)(mem_stack_count() - count), 3, "three more stacks");

    uintptr_t guard = first->low - 1;
    mem_stack_return_with(first, usual);
    check(mem_stack_guarding(guard, &low) == NULL, "one that was returned guards nothing");
    void *behind;
    check(mem_stack_acquire_with(usual, &behind) == first, "and is the next to be had");
    check(mem_stack_guarding(guard, &low) == first, "guarded again");

    mem_stack_return_with(second, usual);
    mem_stack_return_with(large_one, large);
    check_equal((int64_t)(mem_stack_count() - count), 1, "the others went back");
    return tap_done();
}
