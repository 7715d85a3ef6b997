/* How much memory the process's page tables take, from /proc/self. */
#ifndef KEEL_TESTS_TABLES_H
#define KEEL_TESTS_TABLES_H

#include <asm/unistd.h>

#include "base/base.h"
#include "base/memory.h"

/* Bytes; 0 where there is no /proc. */
static inline int64_t table_size(void)
{
    static const char name[] = "VmPTE:";
    static char text[8192];
    long file = arch_syscall3(__NR_open, (long)"/proc/self/status", 0, 0);
    long len = arch_syscall3(__NR_read, file, (long)text, sizeof text - sizeof name);
    arch_syscall1(__NR_close, file);
    for (const char *at = text; at < text + len; at++) {
        if (memcmp(at, name, sizeof name - 1) != 0)
            continue;
        int64_t size = 0;
        for (at += sizeof name - 1; *at == ' ' || *at == '\t'; at++)
            ;
        for (; *at >= '0' && *at <= '9'; at++)
            size = size * 10 + *at - '0';
        return size * 1024;
    }
    return 0;
}

#endif
