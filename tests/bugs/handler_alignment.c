/*
 * qemu-user 7.2 enters a signal handler on an alternate stack 8 bytes off the place that the ABI
 * names, and code that relies on the ABI (aligned vector stores) faulted inside the handler. What
 * is marked ARCH_SIGNAL_HANDLER puts it right.
 */
#include <asm/signal.h>
#include <asm/unistd.h>

#include "abi/signal.h"
#include "tests/handler.h"
#include "tests/tap.h"

static _Alignas(16) unsigned char alternate[64 * 1024];
static uintptr_t place;
static unsigned calls;

ARCH_SIGNAL_HANDLER
static void note(int signal)
{
    _Alignas(16) volatile unsigned char local[16];
    /* By a volatile pointer: else the compiler takes its own promise for granted. */
    volatile unsigned char *volatile pointer = local;
    local[0] = (unsigned char)signal;
    place = (uintptr_t)pointer;
    calls++;
}

int main(void)
{
    handler_install(SIGUSR1, (uintptr_t)note, SA_ONSTACK);
    /* Alternate stacks of several sizes: what the kernel puts below their tops is aligned apart. */
    for (unsigned cut = 0; cut < 64; cut += 8) {
        struct abi_stack stack = {
            .stack_pointer = (uintptr_t)alternate,
            .size = sizeof alternate - cut,
        };
        arch_syscall2(__NR_sigaltstack, (long)&stack, 0);
        arch_syscall2(__NR_kill, arch_syscall0(__NR_getpid), SIGUSR1);
        check_equal(place % 16, 0, "a handler's variables are aligned as the ABI says");
    }
    check_equal(calls, 8, "each time it ran");
    return tap_done();
}
