/* A thread that unmaps the stack on which it stands, and ends. */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "abi/signal.h"
#include "base/atomic.h"
#include "tests/tap.h"

enum { stack_size = 65536 };

static unsigned char *memory;

static _Noreturn void end(void *arg)
{
    uint64_t all = UINT64_MAX;
    (void)arg;
    arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
    arch_thread_end(memory, stack_size);
    arch_trap(); /* it came back */
}

/* Whether anything is mapped at the address: a mapping that must not replace one says. */
static bool is_mapped(void *address)
{
    enum { not_over_another = 0x100000 }; /* MAP_FIXED_NOREPLACE, Linux 4.17 */
    long result = arch_syscall6(__NR_mmap, (long)address, 4096, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | not_over_another, -1, 0);
    return result != (long)address;
}

int main(void)
{
    enum {
        flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_CHILD_CLEARTID,
    };
    static int id = 1;
    memory = (unsigned char *)arch_syscall6(__NR_mmap, 0, stack_size, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(is_mapped(memory), "its stack is mapped");
    if (!check(arch_clone(flags, memory + stack_size, NULL, &id, NULL, end, NULL) > 0,
               "a thread is made"))
        return tap_done();
    int value;
    /* ACQUIRE: with the kernel's store at the end of the thread. */
    while ((value = atomic_load(&id, ACQUIRE)) != 0)
        arch_syscall4(__NR_futex, (long)&id, FUTEX_WAIT, value, 0);
    check(!is_mapped(memory), "its stack has gone");
    return tap_done();
}
