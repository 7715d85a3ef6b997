/* Signal handlers that tests install by themselves. */
#ifndef KEEL_TESTS_HANDLER_H
#define KEEL_TESTS_HANDLER_H

#include <asm/signal.h>
#include <asm/unistd.h>

#include "abi/signal.h"
#include "arch/arch.h"

/* With the flags SA_...; SA_RESTORER is added. 0, or a negative errno. */
static inline long handler_install(int signal, uintptr_t handler, uint64_t flags)
{
    struct abi_sigaction action = {
        .handler = handler,
        .flags = SA_RESTORER | flags,
        .restorer = (uintptr_t)arch_signal_return,
    };
    return arch_syscall4(__NR_rt_sigaction, signal, (long)&action, 0, sizeof action.mask);
}

#endif
