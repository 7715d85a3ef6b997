#include "base/output.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "abi/signal.h"
#include "abi/system.h"

/* Weak: without a scheduler there is one thread, and nobody to wait for. */
__attribute__((weak)) void output_hook_begin(void)
{
}

__attribute__((weak)) void output_hook_end(void)
{
}

__attribute__((noinline)) static void wait_until_writable(int descriptor)
{
    struct abi_pollfd wait = {.descriptor = descriptor, .events = POLLOUT};
    arch_syscall3(__NR_poll, (long)&wait, 1, -1);
}

void output_write_all(int descriptor, const char *bytes, size_t len)
{
    while (len > 0) {
        long result = arch_syscall3(__NR_write, descriptor, (long)bytes, (long)len);
        if (result > 0) {
            bytes += result;
            len -= (size_t)result;
        } else if (result == -EAGAIN) {
            wait_until_writable(descriptor);
        } else if (result != -EINTR) {
            return;
        }
    }
}

/*
 * A print into a pipe that nobody reads any more must lose its bytes, not end the process. Done
 * once, before the first print, and only when the program has not chosen an action of its own.
 * Called between the hooks, by one thread at a time.
 */
static void survive_closed_pipes(void)
{
    TOUCHED_AT_START static bool done;
    if (done)
        return;
    done = true;
    struct abi_sigaction ignore = {.handler = (uintptr_t)SIG_IGN};
    /* (One structure for both would do for the kernel, but not for qemu-user.) */
    struct abi_sigaction before;
    before.handler = (uintptr_t)SIG_DFL;
    arch_syscall4(__NR_rt_sigaction, SIGPIPE, (long)&ignore, (long)&before, sizeof before.mask);
    if (before.handler != (uintptr_t)SIG_DFL)
        arch_syscall4(__NR_rt_sigaction, SIGPIPE, (long)&before, 0, sizeof before.mask);
}

void output_print(int descriptor, const char *bytes, size_t len)
{
    output_hook_begin();
    survive_closed_pipes();
    output_write_all(descriptor, bytes, len);
    output_hook_end();
}
