/* Waits in the kernel, of which the runtime knows nothing: beside a blocking call, or within one.
 */
#ifndef KEEL_TESTS_SCHED_BLOCKED_H
#define KEEL_TESTS_SCHED_BLOCKED_H

#include <asm/unistd.h>

#include "abi/time.h"
#include "arch/arch.h"
#include "keel/task.h"

/* The bare call, not keel_sleep; less than a second. */
static inline void rest_in_kernel(int64_t nanoseconds)
{
    struct abi_timespec time = {.nanoseconds = nanoseconds};
    arch_syscall2(__NR_nanosleep, (long)&time, 0);
}

static inline void block_in_kernel(int64_t nanoseconds)
{
    keel_blocking_begin();
    rest_in_kernel(nanoseconds);
    keel_blocking_end();
}

#endif
