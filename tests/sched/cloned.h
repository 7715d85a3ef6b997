/*
 * Threads that a test clones itself, as a program does: with a stack of the test's, and without a
 * thread pointer of their own. fn attaches and detaches.
 */
#ifndef KEEL_TESTS_SCHED_CLONED_H
#define KEEL_TESTS_SCHED_CLONED_H

#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "mem/pages.h"
#include "tests/sched/meeting.h"

enum { cloned_stack = 128 * 1024 };

struct cloned {
    void (*fn)(void *);
    void *arg;
    unsigned char *stack;
    int id; /* 0 once the kernel has left it */
};

static _Noreturn void cloned_begin(void *arg)
{
    struct cloned *thread = arg;
    thread->fn(thread->arg);
    for (;;)
        arch_syscall1(__NR_exit, 0);
}

/* Runs fn(arg) on a new thread. False: it could not be made. */
static inline bool cloned_start(struct cloned *thread, void (*fn)(void *), void *arg)
{
    enum {
        flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_CHILD_CLEARTID,
    };
    *thread = (struct cloned){.fn = fn, .arg = arg, .stack = page_map(cloned_stack), .id = 1};
    return thread->stack != NULL && arch_clone(flags, thread->stack + cloned_stack, NULL,
                                               &thread->id, NULL, cloned_begin, thread) > 0;
}

/* Waits until the kernel has left its stack: as a task, which lets others run. */
static inline bool cloned_join(struct cloned *thread)
{
    int64_t end = keel_now() + meeting_patience;
    /* ACQUIRE: with the kernel's store at the end of the thread. */
    while (atomic_load(&thread->id, ACQUIRE) != 0) {
        if (keel_now() > end)
            return false;
        keel_sleep(MILLISECOND / 10);
    }
    return page_unmap(thread->stack, cloned_stack);
}

#endif
