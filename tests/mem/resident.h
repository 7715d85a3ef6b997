/* How much memory the process has, and in how many mappings, from /proc/self. */
#ifndef KEEL_TESTS_RESIDENT_H
#define KEEL_TESTS_RESIDENT_H

#include <asm/unistd.h>

#include "base/base.h"
#include "keel/task.h"

/* Whether an emulator runs the test: its own memory and threads are the process's too. Who runs it
 * through one says so (tools/run-tests, tests/ChildProgram.pm). */
static inline bool is_emulated(void)
{
    return keel_environment("EMULATED") != NULL;
}

enum statm_field { statm_mapped, statm_resident };

/* Bytes, or -1 where there is no /proc. */
static inline int64_t statm_read(enum statm_field field)
{
    char text[128];
    long descriptor = arch_syscall3(__NR_open, (long)"/proc/self/statm", 0, 0);
    if (descriptor < 0)
        return -1;
    long len = arch_syscall3(__NR_read, descriptor, (long)text, sizeof text);
    arch_syscall1(__NR_close, descriptor);
    int64_t pages = 0;
    unsigned spaces = 0;
    for (long i = 0; i < len && spaces <= (unsigned)field; i++) {
        if (text[i] == ' ')
            spaces++;
        else if (spaces == (unsigned)field)
            pages = pages * 10 + (text[i] - '0');
    }
    return len <= 0 ? -1 : pages * arch_page_size;
}

/* 0 where there is no /proc. */
static inline int64_t count_mappings(void)
{
    char text[4096];
    int64_t mappings = 0;
    long got, descriptor = arch_syscall3(__NR_open, (long)"/proc/self/maps", 0, 0);
    while ((got = arch_syscall3(__NR_read, descriptor, (long)text, sizeof text)) > 0) {
        for (long i = 0; i < got; i++)
            mappings += text[i] == '\n';
    }
    arch_syscall1(__NR_close, descriptor);
    return mappings;
}

#endif
