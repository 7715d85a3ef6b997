/* Ties a thread, and the threads that it will make, to one CPU. */
#ifndef KEEL_TESTS_ONE_CPU_H
#define KEEL_TESTS_ONE_CPU_H

#include <asm/unistd.h>

#include "base/base.h"

/* The calling thread, to the first CPU that it may use. */
static inline void bind_to_first_cpu(void)
{
    enum { mask_words = 128 };
    uint64_t mask[mask_words] = {0};
    long bytes = arch_syscall3(__NR_sched_getaffinity, 0, sizeof mask, (long)mask);
    bool found = false;
    for (long i = 0; i < bytes / 8; i++) {
        mask[i] = found ? 0 : mask[i] & -mask[i];
        found |= mask[i] != 0;
    }
    arch_syscall3(__NR_sched_setaffinity, 0, bytes, (long)mask);
}

#endif
