#include "mem/touched.h"

#include <asm/errno.h>
#include <asm/unistd.h>

/* Not likely to be written by a program, and no address. */
static const uint64_t paint = UINT64_C(0x8f1d5ac3e7926b40);

enum { pages_at_once = 64, pages_ahead = 2 };

uintptr_t mem_touched_lowest(uintptr_t low, uintptr_t high)
{
    unsigned char present[pages_at_once];
    for (uintptr_t at = round_down(low, arch_page_size); at < high;) {
        size_t pages = (high - at + arch_page_size - 1) / arch_page_size;
        if (pages > pages_at_once)
            pages = pages_at_once;
        long result =
            arch_syscall3(__NR_mincore, (long)at, (long)(pages * arch_page_size), (long)present);
        if (result == -ENOMEM)
            return high;
        for (size_t i = 0; i < pages; i++) {
            if (result != 0 || (present[i] & 1) != 0)
                return at + i * arch_page_size > low ? at + i * arch_page_size : low;
        }
        at += pages * arch_page_size;
    }
    return high;
}

/* Down from the caller's frame. What a leaf function has below its own is left out. */
static __attribute__((noinline)) void paint_from(uintptr_t low)
{
    enum { own = 256 };
    uintptr_t end = (uintptr_t)__builtin_frame_address(0) - own;
    for (uintptr_t at = low; at < end; at += sizeof paint)
        *(volatile uint64_t *)at = paint;
}

void mem_touched_paint(struct mem_stack *stack, uintptr_t lowest)
{
    if (stack->painted == 0 || lowest < stack->painted) {
        size_t left = lowest - stack->low;
        size_t ahead = pages_ahead * arch_page_size;
        stack->painted = left < ahead ? stack->low : lowest - ahead;
    }
    paint_from(stack->painted);
}

bool mem_touched_is_paint(uint64_t word)
{
    return word == paint;
}
