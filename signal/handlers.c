#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "abi/signal.h"
#include "base/process.h"
#include "mem/pages.h"
#include "signal/fault.h"
#include "signal/signal.h"

/*
 * A kernel that does not say needs no more than this for a frame. The report is twice what it was
 * measured to need. A fault inside it lays a second frame and what is left of the report above it.
 */
enum { minimum_frame = 4096, frames = 2, report_room = 16 * 1024, main_reserve = 64 * 1024 };

/* The main thread's, without a mapping of its own, for all kernels whose frame fits. */
static struct {
    _Alignas(arch_page_size) unsigned char guard[arch_page_size];
    unsigned char stack[main_reserve];
} main_thread;

size_t signal_stack_size(void)
{
    return frames * process_auxiliary(AT_MINSIGSTKSZ, minimum_frame) + report_room;
}

void signal_guard_stack(void)
{
    page_protect(main_thread.guard, sizeof main_thread.guard);
}

void signal_thread_start(void *stack, size_t size)
{
    struct abi_stack alternate = {.stack_pointer = (uintptr_t)stack, .size = size};
    arch_syscall2(__NR_sigaltstack, (long)&alternate, 0);
}

static const unsigned char fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static bool set_all(const struct abi_sigaction *action)
{
    bool set = true;
    for (size_t i = 0; i < sizeof fault_signals; i++) {
        if (arch_syscall4(__NR_rt_sigaction, fault_signals[i], (long)action, 0,
                          sizeof action->mask) != 0)
            set = false;
    }
    return set;
}

bool signal_restore_defaults(void)
{
    struct abi_sigaction by_default = {.handler = (uintptr_t)SIG_DFL};
    return set_all(&by_default);
}

/*
 * Nothing is blocked while a handler runs (SA_NODEFER, an empty mask): a fault inside the report
 * must come to the handler too.
 */
void signal_start(void)
{
    void *stack = main_thread.stack;
    size_t size = signal_stack_size();
    if (size > main_reserve)
        stack = page_map(size);
    if (stack != NULL)
        signal_thread_start(stack, size);
    struct abi_sigaction action = {
        .handler = (uintptr_t)signal_fault,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
        .restorer = (uintptr_t)arch_signal_return,
    };
    set_all(&action);
}
