/*
 * How a process ends after the report, when something is in the way: calls that are refused, faults
 * and signals inside the report. Every child dies, by the signal or with 128 + its number.
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/thread_block.h"
#include "signal/signal.h"
#include "tests/cases.h"

enum { by_segv = forked_died + SIGSEGV, by_status = 128 + SIGSEGV, wrong = 1 };

/* Volatile, so that the compiler does not see the fault come. */
static volatile uintptr_t nowhere = 0x10;

static int fault(void)
{
    int read = *(volatile int *)nowhere;
    return read == 0 ? wrong : wrong + 1;
}

static void send(int signal)
{
    arch_syscall3(__NR_tgkill, arch_syscall0(__NR_getpid), arch_syscall0(__NR_gettid), signal);
}

static int faults(void)
{
    signal_start();
    return fault();
}

static int is_sent(void)
{
    signal_start();
    send(SIGSEGV);
    return wrong;
}

/* ---- while the report asks whose an address is */

static unsigned asked;

static struct address_owner fault_once(uintptr_t address)
{
    (void)address;
    if (asked++ == 0)
        fault();
    return (struct address_owner){0};
}

static struct address_owner fault_always(uintptr_t address)
{
    (void)address;
    fault();
    return (struct address_owner){0};
}

static struct address_owner send_one(uintptr_t address)
{
    (void)address;
    if (asked++ == 0)
        send(SIGBUS);
    return (struct address_owner){0};
}

/* Another thread may do so. */
static struct address_owner map_it(uintptr_t address)
{
    arch_syscall6(__NR_mmap, (long)round_down(address, arch_page_size), arch_page_size,
                  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return (struct address_owner){0};
}

static int with_owner(address_owner_fn *owner)
{
    signal_start();
    thread_block()->address_owner = owner;
    return fault();
}

static int faults_in_report(void)
{
    return with_owner(fault_once);
}

static int faults_in_each_report(void)
{
    return with_owner(fault_always);
}

static int is_sent_in_report(void)
{
    return with_owner(send_one);
}

static int is_gone_after_report(void)
{
    nowhere = 0x123456789000;
    return with_owner(map_it);
}

static int cannot_queue(void)
{
    signal_start();
    refuse_syscall(__NR_rt_tgsigqueueinfo, EPERM);
    return fault();
}

/* ---- refusals */

static int keeps_handler(void)
{
    signal_start();
    refuse_syscall(__NR_rt_sigaction, EPERM);
    return fault();
}

static int cannot_raise(void)
{
    signal_start();
    refuse_syscall_when(__NR_tgkill, 2, SIGSEGV, EPERM);
    arch_syscall2(__NR_kill, arch_syscall0(__NR_getpid), SIGSEGV);
    return wrong;
}

static int has_no_handler(void)
{
    refuse_syscall(__NR_rt_sigaction, EPERM);
    return faults();
}

static int has_no_stack(void)
{
    refuse_syscall(__NR_sigaltstack, EPERM);
    return faults();
}

static int cannot_write(void)
{
    signal_start();
    refuse_syscall(__NR_write, EBADF);
    return fault();
}

static int cannot_read_itself(void)
{
    signal_start();
    refuse_syscall(__NR_openat, EPERM);
    refuse_syscall(__NR_open, EPERM);
    refuse_syscall(__NR_rt_sigprocmask, EPERM);
    refuse_syscall(__NR_mmap, EPERM);
    return fault();
}

int main(void)
{
    check_case(faults, by_segv, "a fault");
    check_case(is_sent, by_segv, "a signal that was sent");
    check_case(faults_in_report, by_segv, "a fault in the report");
    check_case(faults_in_each_report, by_segv, "faults in the report, ever again");
    check_case(is_sent_in_report, by_segv, "a signal that arrives in the report");
    check_case(is_gone_after_report, by_segv, "a fault that is gone after it");
    cases_need_refusals();
    check_case(keeps_handler, by_status, "the default action is refused");
    check_case(cannot_raise, by_status, "a signal cannot be raised again");
    check_case(cannot_queue, by_segv, "it cannot be queued once more");
    check_case(has_no_handler, by_segv, "handlers are refused");
    check_case(has_no_stack, by_segv, "the alternate stack is refused");
    check_case(cannot_write, by_segv, "nothing can be said");
    check_case(cannot_read_itself, by_segv, "the program cannot read its own file");
    return tap_done();
}
