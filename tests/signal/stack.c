/*
 * The alternate stack of a program without tasks: as large as the kernel says, mapped when the
 * reserve is too small for that, and none when there is no memory; a fault ends by its signal in
 * each case.
 */
#include <asm/signal.h>
#include <linux/auxvec.h>

#include "abi/signal.h"
#include "signal/signal.h"
#include "tests/cases.h"

enum { large_frame = 100000, faulted = forked_died + SIGSEGV, wrong = 1 };

static const struct auxiliary_entry large[] = {{AT_MINSIGSTKSZ, large_frame}, {AT_NULL, 0}};

static struct abi_stack stack_now(void)
{
    struct abi_stack stack = {0};
    arch_syscall2(__NR_sigaltstack, 0, (long)&stack);
    return stack;
}

/* Volatile, so that the compiler does not see the fault come. */
static volatile uintptr_t nowhere = 0x10;

static int fault(void)
{
    return *(volatile int *)nowhere;
}

static int start(void)
{
    signal_start();
    struct abi_stack stack = stack_now();
    return stack.size + arch_page_size >= signal_stack_size() && stack.stack_pointer != 0 ? fault()
                                                                                          : wrong;
}

/* A kernel that does not say how large. */
static int start_small(void)
{
    process.auxiliary = &large[1];
    return signal_stack_size() > large_frame ? wrong : start();
}

static int start_large(void)
{
    process.auxiliary = large;
    return signal_stack_size() < large_frame ? wrong : start();
}

static int start_without_memory(void)
{
    process.auxiliary = large;
    refuse_syscall(__NR_mmap, ENOMEM);
    signal_start();
    return stack_now().size == 0 ? fault() : wrong;
}

/* The lowest page may be written to until a handler runs. */
static int guard_lowest_page(void)
{
    signal_start();
    volatile unsigned char *lowest = thread_block()->alternate_stack;
    uintptr_t stack = stack_now().stack_pointer;
    if (stack - (uintptr_t)lowest != arch_page_size || lowest[arch_page_size - 1]++ != 0)
        return wrong;
    signal_guard_stack(thread_block());
    lowest[arch_page_size - 1]++;
    return wrong;
}

int main(void)
{
    check_case(guard_lowest_page, faulted, "a guard below, once a handler runs");
    check_case(start, faulted, "the kernel's own size");
    check_case(start_small, faulted, "no size from the kernel");
    check_case(start_large, faulted, "more than the reserve");
    cases_need_refusals();
    check_case(start_without_memory, faulted, "no memory for so much");
    return tap_done();
}
