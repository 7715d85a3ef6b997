/* Apart from process.c: who says why the process ends. */
#include <asm/unistd.h>

#include "base/atomic.h"
#include "base/process.h"
#include "base/thread_block.h"

TOUCHED_AT_START static uint64_t ending_by; /* atomic; process << 32 | thread; 0: nobody yet */

/* Where the kernel does not tell, by the thread pointer: in a fault that may be what is broken. */
static uint64_t own_claim(void)
{
    long process_id = arch_syscall0(__NR_getpid);
    long thread_id = arch_syscall0(__NR_gettid);
    if (process_id > 0 && thread_id > 0)
        return (uint64_t)process_id << 32 | (uint64_t)thread_id;
    return (uintptr_t)thread_block();
}

uint64_t process_claim_end(void)
{
    uint64_t own = own_claim();
    uint64_t before = 0;
    /* RELAXED: claims; nothing else is published by it. */
    while (!atomic_compare_exchange(&ending_by, &before, own, RELAXED, RELAXED)) {
        if (before == own)
            break;
        if (before >> 32 == own >> 32)
            process_wait_for_end();
    }
    return own;
}

void process_let_others_end(void)
{
    if (unlikely(atomic_load(&ending_by, RELAXED) != 0)) /* RELAXED: as above */
        process_claim_end();
}
