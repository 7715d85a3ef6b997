/*
 * First of a porter's tests: each number of arguments, every argument in its place, errors as small
 * negative numbers. (All of these tests stand on _start, and print by arch_syscall3.)
 */
#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/time.h>

#include "abi/signal.h"
#include "abi/time.h"
#include "base/memory.h"
#include "tests/tap.h"

static void test_none_to_two(void)
{
    long self = arch_syscall0(__NR_getpid);
    check(self > 0, "no argument");
    check_equal(arch_syscall0(__NR_getpid), self, "the same again");
    check_equal(arch_syscall1(__NR_close, -1), -EBADF, "one argument, and an error");
    struct abi_timespec time = {.seconds = -1, .nanoseconds = -1};
    check_equal(arch_syscall2(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&time), 0, "two");
    check(time.seconds >= 0 && time.nanoseconds >= 0, "the kernel's stores are seen");
    check_equal(arch_syscall1(100000, 0), -ENOSYS, "a call that there is not");
}

/* Three: through a pipe. Four: the mask that was, whose size is the fourth. */
static void test_three_and_four(void)
{
    int ends[2];
    char bytes[8] = {0};
    arch_syscall2(__NR_pipe2, (long)ends, 0);
    check_equal(arch_syscall3(__NR_write, ends[1], (long)"keel", 4), 4, "three arguments: write");
    check_equal(arch_syscall3(__NR_read, ends[0], (long)bytes, sizeof bytes), 4, "and read");
    check(memcmp(bytes, "keel", 5) == 0, "what was written");
    abi_sigset wanted = 1u << (SIGUSR1 - 1);
    abi_sigset seen = 0;
    check_equal(arch_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (long)&wanted, 0, sizeof wanted), 0,
                "four");
    arch_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, 0, (long)&seen, sizeof seen);
    check_equal(seen, wanted, "and back");
    check_equal(arch_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (long)&wanted, 0, 3), -EINVAL,
                "the fourth is looked at");
}

/* Six: a file's second page, which only the right descriptor and the right offset give. */
static void test_five_and_six(void)
{
    static const char first[arch_page_size] = "first";
    static const char second[arch_page_size] = "second";
    int file = (int)arch_syscall2(__NR_memfd_create, (long)"pages", 0);
    arch_syscall3(__NR_write, file, (long)first, arch_page_size);
    arch_syscall3(__NR_write, file, (long)second, arch_page_size);
    long address =
        arch_syscall6(__NR_mmap, 0, arch_page_size, PROT_READ, MAP_SHARED, file, arch_page_size);
    check(address > 0, "six arguments: mmap");
    if (address > 0)
        check(memcmp((const char *)address, "second", 7) == 0, "all six arrived");

    /* Five: a page moved to the place that the fifth names. */
    long place = arch_syscall6(__NR_mmap, 0, 2 * arch_page_size, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) +
                 arch_page_size;
    check_equal(arch_syscall5(__NR_mremap, address, arch_page_size, arch_page_size,
                              MREMAP_MAYMOVE | MREMAP_FIXED, place),
                place, "five: mremap");
    check(memcmp((const char *)place, "second", 7) == 0, "to where the fifth says");
}

/* What a compiler keeps in registers across a call must be there afterwards. */
static void test_preserved(void)
{
    volatile long seed = 1;
    long a = seed + 1, b = seed + 2, c = seed + 3, d = seed + 4, e = seed + 5, f = seed + 6;
    long result = 0;
    for (int i = 0; i < 10; i++)
        result += arch_syscall6(__NR_mmap, a, b, c, d, e, f);
    check(result < 0, "a call without sense is refused");
    check(a == 2 && b == 3 && c == 4 && d == 5 && e == 6 && f == 7, "arguments are preserved");
}

int main(void)
{
    test_none_to_two();
    test_three_and_four();
    test_five_and_six();
    test_preserved();
    return tap_done();
}
