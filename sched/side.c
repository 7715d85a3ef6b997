#include "sched/side.h"

#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/futex.h>

#include "abi/time.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/thread_block.h"
#include "sched/thread.h"

/* The new thread has the mask of the one that makes it. */
bool sched_side_make(struct thread_block *block, void *stack_top, int *gone, uint64_t *mask,
                     void (*entry)(void *))
{
    unsigned long flags = sched_thread_flags | (gone != NULL ? CLONE_CHILD_CLEARTID : 0);
    uint64_t all = UINT64_MAX, before = 0;
    block->self = block;
    block->canary = thread_block()->canary;
    long masked =
        arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
    if (mask != NULL)
        *mask = before;
    long thread = arch_clone(flags, stack_top, NULL, gone, block, entry, NULL);
    if (masked == 0)
        arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
    if (thread > 0)
        atomic_fetch_add(&sched_threads_besides, 1, RELAXED); /* RELAXED: see announce.c */
    return thread > 0;
}

void sched_side_rest(const uint32_t *word, uint32_t value, int64_t pause)
{
    struct abi_timespec time = {.nanoseconds = pause};
    long timeout = pause != CLOCK_FOREVER ? (long)&time : 0;
    long result = arch_syscall4(__NR_futex, (long)word, FUTEX_WAIT_PRIVATE, value, timeout);
    if (result != 0 && result != -EAGAIN && result != -ETIMEDOUT && result != -EINTR)
        process_rest();
}
