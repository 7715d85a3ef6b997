/*
 * A part of a test that ends its process: it runs in a forked child, and the test sees how that
 * ended. Only while the program has one thread.
 */
#ifndef KEEL_TESTS_FORKED_H
#define KEEL_TESTS_FORKED_H

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/resource.h>
#include <linux/wait.h>

#include "abi/system.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/line.h"
#include "base/process.h"

enum { forked_hung = -1 };

static inline void run_as_child(void (*fn)(void))
{
    struct abi_rlimit no_core = {0};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_CORE, (long)&no_core, 0);
    fn();
    process_end(0);
}

/*
 * Calls fn() in a child with standard error `error_descriptor`, and returns the status as wait4
 * gives it: the signal in the lowest 7 bits, the exit status in the next byte but one. A child that
 * does not end in 20 seconds is killed, and has forked_hung.
 */
static inline int status_of_forked(void (*fn)(void), int error_descriptor)
{
    long child = arch_syscall0(__NR_fork);
    if (child == 0) {
        arch_syscall3(__NR_dup3, error_descriptor, standard_error, 0);
        run_as_child(fn);
    }
    int64_t end = clock_now() + 20 * (int64_t)abi_nanoseconds_per_second;
    struct abi_timespec pause = {.nanoseconds = 1000 * 1000};
    int status = 0;
    while (arch_syscall4(__NR_wait4, child, (long)&status, WNOHANG, 0) == 0) {
        if (clock_now() > end) {
            arch_syscall2(__NR_kill, child, SIGKILL);
            arch_syscall4(__NR_wait4, child, (long)&status, 0, 0);
            return forked_hung;
        }
        arch_syscall2(__NR_nanosleep, (long)&pause, 0);
    }
    return status;
}

/* A descriptor whose bytes go nowhere. */
static inline int null_descriptor(void)
{
    static const char path[] = "/dev/null";
    enum { at_working_folder = -100, write_only = 1 };
    return (int)arch_syscall4(__NR_openat, at_working_folder, (long)path, write_only, 0);
}

enum { forked_died = 256 };

static int (*forked_fn)(void);

static inline void forked_go(void)
{
    process_end(forked_fn());
}

/*
 * What fn() returns in a child whose last words go nowhere: its exit status. forked_died + the
 * signal when one ended it, or forked_hung.
 */
static inline int forked_status(int (*fn)(void))
{
    forked_fn = fn;
    int descriptor = null_descriptor();
    int status = status_of_forked(forked_go, descriptor);
    arch_syscall1(__NR_close, descriptor);
    if (status == forked_hung || (status & 0x7f) == 0)
        return status >> 8;
    return forked_died + (status & 0x7f);
}

#endif
