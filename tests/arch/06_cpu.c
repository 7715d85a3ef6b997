/* What else a machine supplies: constants, the cycle counter, identification, the end by a trap. */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "tests/tap.h"

static void test_counter(void)
{
    bool is_monotone = true;
    uint64_t first = arch_cycle_counter();
    uint64_t last = first;
    for (int i = 0; i < 10000; i++) {
        uint64_t next = arch_cycle_counter();
        is_monotone &= next >= last;
        last = next;
        arch_pause();
    }
    check(last > first, "the cycle counter counts");
    check(is_monotone, "and does not go back");
}

static void test_identification(void)
{
    uint32_t words[6] = {[0] = 77, [5] = 77};
    uint32_t again[4];
    /* Live across the calls, so that the compiler keeps them in registers that a call preserves. */
    static volatile long values[5] = {1, 2, 3, 4, 5};
    long a = values[0], b = values[1], c = values[2], d = values[3], e = values[4];
    arch_cpuid(0, 0, words + 1);
    arch_cpuid(0, 0, again);
    check(a == values[0] && b == values[1] && c == values[2] && d == values[3] && e == values[4],
          "identification keeps the registers that a call preserves");
    check(words[1] >= 1 && words[2] != 0, "the processor has leaves and a maker");
    check(words[0] == 77 && words[5] == 77, "four words are written");
    check(again[0] == words[1] && again[1] == words[2] && again[2] == words[3] &&
              again[3] == words[4],
          "the same each time");
}

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
    test_counter();
    test_identification();
    test_trap();
    return tap_done();
}
