/*
 * A part of a test that a process of its own makes: because it ends, or because what it does to
 * itself (a refusal, a limit) cannot be undone. To be called while the process has one thread.
 */
#ifndef KEEL_TESTS_FORKED_H
#define KEEL_TESTS_FORKED_H

#include <asm/unistd.h>

#include "base/panic.h"
#include "base/process.h"

enum { forked_died = 256, forked_failed = -1 };

/*
 * The exit status of a child that returns fn's result; forked_died + the signal when one ended it,
 * forked_failed when it could not be made. A panic is read from the status: what it says is
 * dropped.
 */
static inline int forked_status(int (*fn)(void))
{
    long child = arch_syscall0(__NR_fork);
    if (child == 0) {
        arch_syscall1(__NR_close, standard_error);
        process_end(fn());
    }
    int status = 0;
    if (child < 0 || arch_syscall4(__NR_wait4, child, (long)&status, 0, 0) != child)
        return forked_failed;
    return (status & 0x7f) == 0 ? status >> 8 : forked_died + (status & 0x7f);
}

#endif
