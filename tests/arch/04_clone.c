/* Threads by the bare call: where the child runs, what it is given, how its end is seen. */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "base/atomic.h"
#include "base/thread_block.h"
#include "boot/boot.h"
#include "tests/tap.h"

enum { stack_size = 65536 };

static const unsigned long thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                          CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                          CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

static _Alignas(arch_cache_line) unsigned char tls_memory[1024];
static _Thread_local int variable = 5;

static struct {
    void *arg;
    long id;
    uintptr_t aligned;
    unsigned char *place;
    void *frame_above;
    void *block;
    int variable;
    uint32_t may_end;
} child;

static _Noreturn void run_child(void *arg)
{
    _Alignas(16) volatile unsigned char local[16];
    /* By a volatile pointer: else the compiler takes its own promise of the alignment for granted.
     */
    volatile unsigned char *volatile place = local;
    local[0] = 1;
    child.arg = arg;
    child.id = arch_syscall0(__NR_gettid);
    child.aligned = (uintptr_t)place % 16;
    child.place = (unsigned char *)local;
    child.frame_above = *(void **)__builtin_frame_address(0);
    child.block = thread_block();
    child.variable = variable;
    variable = 6;
    /* ACQUIRE: with the RELEASE in main. */
    uint32_t may_end;
    while ((may_end = atomic_load(&child.may_end, ACQUIRE)) == 0)
        arch_syscall4(__NR_futex, (long)&child.may_end, FUTEX_WAIT, 0, 0);
    for (;;)
        arch_syscall1(__NR_exit, 0);
}

/* Sleeps until the kernel has cleared the word and woken those who wait on it. */
static void wait_until_cleared(int *word)
{
    /* ACQUIRE: with the kernel's store at the end of the thread. */
    int value;
    while ((value = atomic_load(word, ACQUIRE)) != 0)
        arch_syscall4(__NR_futex, (long)word, FUTEX_WAIT, value, 0);
}

int main(void)
{
    long stack = arch_syscall6(__NR_mmap, 0, stack_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *top = (unsigned char *)stack + stack_size;
    struct thread_block *block = boot_tls_make(tls_memory);
    int parent_id = 0;
    int child_id = -1;
    int mark;

    check_equal(arch_clone(CLONE_THREAD, top, &parent_id, &child_id, block, run_child, &mark),
                -EINVAL, "flags without sense are refused");
    check(child.id == 0, "and nothing runs");

    long id = arch_clone(thread_flags, top, &parent_id, &child_id, block, run_child, &mark);
    if (!check(id > 0, "a thread is made"))
        return tap_done();
    check_equal(parent_id, id, "its id is stored before the call returns");
    check_equal(child_id, -1, "the other word is left alone while it lives");
    /* RELEASE: with the ACQUIRE in run_child. */
    atomic_store(&child.may_end, 1u, RELEASE);
    arch_syscall3(__NR_futex, (long)&child.may_end, FUTEX_WAKE, 1);
    wait_until_cleared(&child_id);

    check(child.arg == &mark, "the argument arrived");
    check_equal(child.id, id, "the thread's id is what was returned");
    check_equal(child.aligned, 0, "its stack is aligned as the ABI says");
    check(child.place < top && child.place > top - 512, "its stack is the one given");
    check(child.frame_above == NULL, "the walk of frame pointers ends");
    check(child.block == block, "its thread pointer is the one given");
    check_equal(child.variable, 5, "its variables hold their initial values");
    check_equal(variable, 5, "this thread's are others");
    check(thread_block() != block, "this thread's pointer is unchanged");
    return tap_done();
}
