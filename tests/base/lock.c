/* The lock under threads: a counter that is not atomic stays exact. */
#include "base/lock.h"

#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "tests/tap.h"

enum { thread_count = 4, rounds = 20000, stack_size = 65536 };

static struct lock lock;
static volatile uint64_t counter; /* guarded by lock */
static volatile uint32_t inside;  /* guarded by lock: 0 between holders */
static uint32_t overlaps;
static uint32_t started;
static int child_ids[thread_count];

static _Noreturn void count(void *arg)
{
    (void)arg;
    /* RELAXED: all of them spin until all are there, so that they meet at the lock. */
    atomic_fetch_add(&started, 1u, RELAXED);
    while (atomic_load(&started, RELAXED) < thread_count)
        arch_syscall0(__NR_sched_yield);
    for (unsigned i = 0; i < rounds; i++) {
        lock_acquire(&lock);
        if (inside++ != 0)
            atomic_fetch_add(&overlaps, 1u, RELAXED); /* RELAXED: a count, read after the join */
        counter = counter + 1;
        inside--;
        lock_release(&lock);
    }
    for (;;)
        arch_syscall1(__NR_exit, 0);
}

static bool thread_start(int *child_id)
{
    process_shared = true; /* as whoever makes a thread says (base/alone.h) */
    long stack = arch_syscall6(__NR_mmap, 0, stack_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                          CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    return stack > 0 && arch_clone(flags, (void *)(stack + stack_size), child_id, child_id, NULL,
                                   count, NULL) > 0;
}

static void thread_join(int *child_id)
{
    /* ACQUIRE: with the kernel's store of 0 when the thread has ended. */
    int id;
    while ((id = atomic_load(child_id, ACQUIRE)) != 0)
        arch_syscall4(__NR_futex, (long)child_id, FUTEX_WAIT, id, 0);
}

int main(void)
{
    check(lock_try(&lock), "a free lock is taken");
    check(!lock_try(&lock), "a held one is not");
    check(!lock_try_bounded(&lock), "nor by a bounded try, which ends");
    lock_release(&lock);
    lock_acquire(&lock);
    check(!lock_try(&lock), "acquired");
    lock_release(&lock);
    check(lock_try_bounded(&lock), "released");
    lock_release(&lock);

    unsigned running = 0;
    for (unsigned i = 0; i < thread_count; i++)
        running += thread_start(&child_ids[i]);
    if (!check(running == thread_count, "threads run"))
        return tap_done();
    for (unsigned i = 0; i < thread_count; i++)
        thread_join(&child_ids[i]);
    check_equal(counter, thread_count * rounds, "no increment was lost");
    check_equal(overlaps, 0, "one holder at a time");
    return tap_done();
}
