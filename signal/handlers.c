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
static _Alignas(arch_page_size) unsigned char main_stack[main_reserve];

size_t signal_stack_size(void)
{
    size_t guard = arch_page_size;
    return guard + frames * process_auxiliary(AT_MINSIGSTKSZ, minimum_frame) + report_room;
}

void signal_guard_stack(const struct thread_block *block)
{
    if (block != NULL && block->alternate_stack != NULL)
        page_protect(block->alternate_stack, arch_page_size);
}

void signal_thread_start(void *memory, size_t size)
{
    unsigned char *lowest = memory;
    thread_block()->alternate_stack = lowest;
    struct abi_stack alternate = {
        .stack_pointer = (uintptr_t)lowest + arch_page_size,
        .size = size - arch_page_size,
    };
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
    void *stack = main_stack;
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
