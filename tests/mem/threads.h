/*
 * Kernel threads for tests, without a scheduler: a raw clone with a stack and a thread block of its
 * own. What such a thread calls finds no task and no worker in its block.
 */
#ifndef KEEL_TESTS_MEM_THREADS_H
#define KEEL_TESTS_MEM_THREADS_H

#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "base/alone.h"
#include "base/process.h"
#include "boot/boot.h"
#include "mem/pages.h"

enum { test_thread_stack = 128 * 1024 };

struct test_thread {
    void (*fn)(void *);
    void *arg;
    unsigned char *memory; /* the stack, and above it variables and block */
    size_t memory_size;
    int id; /* 0 once the kernel has left it */
};

static _Noreturn void test_thread_begin(void *arg)
{
    struct test_thread *thread = arg;
    thread->fn(thread->arg);
    for (;;)
        arch_syscall1(__NR_exit, 0);
}

/* Runs fn(arg) on a new thread. Ends the process when there is no memory for it. */
static inline void test_thread_start(struct test_thread *thread, void (*fn)(void *), void *arg)
{
    enum {
        flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_SETTLS | CLONE_CHILD_CLEARTID,
    };
    thread->fn = fn;
    thread->arg = arg;
    thread->id = 1;
    thread->memory_size = round_up(test_thread_stack + boot_tls_size(), arch_page_size);
    thread->memory = page_map(thread->memory_size);
    if (thread->memory == NULL)
        process_end(3);
    struct thread_block *block = boot_tls_make(thread->memory + test_thread_stack);
    process_shared = true; /* as whoever makes a thread says (base/alone.h) */
    if (arch_clone(flags, thread->memory + test_thread_stack, NULL, &thread->id, block,
                   test_thread_begin, thread) < 0)
        process_end(3);
}

/* Waits until the thread has ended. */
static inline void test_thread_join(struct test_thread *thread)
{
    for (;;) {
        /* ACQUIRE: with the store of the kernel, which is the thread's last. */
        int id = atomic_load(&thread->id, ACQUIRE);
        if (id == 0)
            break;
        arch_syscall6(__NR_futex, (long)&thread->id, FUTEX_WAIT, id, 0, 0, 0);
    }
    page_unmap(thread->memory, thread->memory_size);
}

#endif
