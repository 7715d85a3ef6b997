#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "abi/signal.h"
#include "base/process.h"
#include "mem/pages.h"
#include "signal/report.h"
#include "signal/signal.h"

/* A kernel that does not say needs no more than this for its frame; the report measured at 2 KiB.
 */
enum { minimum_frame = 4096, report_room = 8192, main_reserve = 16 * 1024 };

/* The main thread's, without a mapping of its own, for all kernels whose frame fits. */
static _Alignas(16) unsigned char main_stack[main_reserve];

size_t signal_stack_size(void)
{
    return process_auxiliary(AT_MINSIGSTKSZ, minimum_frame) + report_room;
}

void signal_thread_start(void *stack, size_t size)
{
    struct abi_stack alternate = {.stack_pointer = (uintptr_t)stack, .size = size};
    arch_syscall2(__NR_sigaltstack, (long)&alternate, 0);
}

#define SIGNAL_BIT(signal) ((abi_sigset)1 << ((signal)-1))

/* A fault inside the report finds all four blocked, and the kernel ends the process by it. */
static void set_handler(int signal)
{
    struct abi_sigaction action = {
        .handler = (uintptr_t)signal_report_fault,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
        .restorer = (uintptr_t)arch_signal_return,
        .mask = SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL),
    };
    arch_syscall4(__NR_rt_sigaction, signal, (long)&action, 0, sizeof action.mask);
}

void signal_start(void)
{
    void *stack = main_stack;
    size_t size = signal_stack_size();
    if (size > main_reserve)
        stack = page_map(size);
    if (stack != NULL)
        signal_thread_start(stack, size);
    set_handler(SIGSEGV);
    set_handler(SIGBUS);
    set_handler(SIGFPE);
    set_handler(SIGILL);
}
