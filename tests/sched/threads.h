/* How many threads the process has. */
#ifndef KEEL_TESTS_SCHED_THREADS_H
#define KEEL_TESTS_SCHED_THREADS_H

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/types.h>

#include "arch/arch.h"

/* struct linux_dirent64 (man getdents(2)): no header of the kernel's has it. */
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/* 0: there is no /proc. */
static inline long count_threads(void)
{
    static _Alignas(8) char entries[8192];
    long directory = arch_syscall3(__NR_open, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
    long count = 0;
    for (;;) {
        long bytes = arch_syscall3(__NR_getdents64, directory, (long)entries, sizeof entries);
        if (bytes <= 0)
            break;
        for (long at = 0; at < bytes;) {
            const struct directory_entry *entry = (const void *)(entries + at);
            count += entry->name[0] != '.';
            at += entry->length;
        }
    }
    arch_syscall1(__NR_close, directory);
    return count;
}

#endif
