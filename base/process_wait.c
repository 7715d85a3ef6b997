/* Apart from process.c: only where there are several threads may one have to wait. */
#include <asm/unistd.h>
#include <linux/futex.h>

#include "base/process.h"

void process_rest(void)
{
    enum { milliseconds = 1 };
    if (arch_syscall3(__NR_poll, 0, 0, milliseconds) != 0)
        arch_syscall0(__NR_sched_yield);
}

/* By the call that every program with a second thread needs anyway. */
_Noreturn void process_wait_for_end(void)
{
    uint32_t nobody_wakes = 0;
    for (;;) {
        if (arch_syscall4(__NR_futex, (long)&nobody_wakes, FUTEX_WAIT_PRIVATE, 0, 0) != 0)
            process_rest();
    }
}
