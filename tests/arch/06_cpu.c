/* What else a machine supplies: constants, a pause, the end by a trap. */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "tests/tap.h"

/* In a child process, because it ends there. */
static void test_trap(void)
{
    long child = arch_syscall0(__NR_fork);
    if (child == 0) {
        struct abi_rlimit no_core = {0};
        arch_syscall4(__NR_prlimit64, 0, RLIMIT_CORE, (long)&no_core, 0);
        arch_syscall3(__NR_close, standard_error, 0, 0);
        arch_trap();
    }
    int status = -1;
    check_equal(arch_syscall4(__NR_wait4, child, (long)&status, 0, 0), child, "a child ended");
    check_equal(status & 0x7f, SIGILL, "by an illegal instruction");
}

int main(void)
{
    check_equal(process_auxiliary(AT_PAGESZ, 0), arch_page_size, "the kernel's page size is ours");
    check(arch_cache_line >= 16 && (arch_cache_line & (arch_cache_line - 1)) == 0, "a cache line");
    arch_pause(); /* an instruction that the machine does not have would end the test here */
    test_trap();
    return tap_done();
}
