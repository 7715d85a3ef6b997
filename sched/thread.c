#include "sched/thread.h"

#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "abi/time.h"
#include "base/clock.h"
#include "base/panic.h"
#include "base/process.h"
#include "sched/sched.h"

long sched_thread_clone(struct mem_stack *stack, struct thread_block *block,
                        void (*entry)(void *arg), void *arg)
{
    return arch_clone(sched_thread_flags, mem_stack_top(stack), NULL, NULL, block, entry, arg);
}

uint32_t sched_threads_besides;

int32_t sched_thread_number(void)
{
    return (int32_t)arch_syscall0(__NR_gettid);
}

void sched_thread_bind(struct sched_thread *thread, struct sched_worker *worker)
{
    worker->thread = thread;
    atomic_store(&worker->block, thread->block, RELAXED); /* RELAXED: see who loads it */
}

/* ---- sleeping on a word */

bool sched_word_sleep(const uint32_t *word, uint32_t value, int64_t deadline)
{
    struct abi_timespec until = {
        .seconds = deadline / abi_nanoseconds_per_second,
        .nanoseconds = deadline % abi_nanoseconds_per_second,
    };
    struct abi_timespec *timeout = deadline == CLOCK_FOREVER ? NULL : &until;
    long result = arch_syscall6(__NR_futex, (long)word, FUTEX_WAIT_BITSET_PRIVATE, value,
                                (long)timeout, 0, FUTEX_BITSET_MATCH_ANY);
    /* Where the kernel lets nobody wait, who waits looks again and again, a while apart. */
    if (result != 0 && result != -EAGAIN && result != -EINTR && result != -ETIMEDOUT)
        process_rest();
    return result == 0;
}

static void fill_wake_refused(struct line *line, const void *result)
{
    line_text(line, "the kernel refuses to wake a thread (futex: error ");
    line_signed(line, -*(const long *)result);
    line_text(line, ")");
}

static _Noreturn void wake_refused(long result)
{
    panic_with(fill_wake_refused, &result);
}

void sched_word_wake(const uint32_t *word)
{
    unsigned tries = 100;
    for (;;) {
        long result = arch_syscall3(__NR_futex, (long)word, FUTEX_WAKE_PRIVATE, 1);
        if (likely(result >= 0))
            return;
        if (--tries == 0)
            wake_refused(result);
        arch_syscall0(__NR_sched_yield);
    }
}

void sched_thread_sleep(struct sched_thread *thread, int64_t deadline)
{
    sched_word_sleep(&thread->wake_word, 0, deadline);
}

void sched_thread_wake(struct sched_thread *thread)
{
    /* RELEASE: with the ACQUIRE in sched_thread_is_woken; hands over the claimed search. */
    atomic_store(&thread->wake_word, 1, RELEASE);
    sched_word_wake(&thread->wake_word);
}
