/* The clock, as the library finds it, and once more as it is without a vDSO. */
#include "base/clock.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/time.h>

#include "abi/time.h"
#include "base/process.h"
#include "base/vdso.h"
#include "machine/vdso.h"
#include "tests/tap.h"

/* The same source under other names, so that it looks for the vDSO anew. */
#define clock_now   other_clock_now
#define clock_after other_clock_after
int64_t other_clock_now(void);
int64_t other_clock_after(int64_t ns);
#include "base/clock.c"
#undef clock_now
#undef clock_after

typedef int64_t now_function(void);
typedef int64_t after_function(int64_t ns);

static int64_t kernel_now(void)
{
    struct abi_timespec time = {0};
    arch_syscall2(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&time);
    return time.seconds * abi_nanoseconds_per_second + time.nanoseconds;
}

static void test_now(now_function *now)
{
    bool is_between = true;
    bool is_monotone = true;
    int64_t last = now();
    for (int i = 0; i < 1000; i++) {
        int64_t before = kernel_now();
        int64_t between = now();
        int64_t after = kernel_now();
        is_between &= before <= between && between <= after;
        for (int j = 0; j < 20; j++) {
            int64_t next = now();
            is_monotone &= next >= last;
            last = next;
        }
    }
    check(is_between, "agrees with the system call");
    check(is_monotone, "never goes back");

    struct abi_timespec pause = {.nanoseconds = 3000000};
    int64_t before = now();
    arch_syscall2(__NR_nanosleep, (long)&pause, 0);
    check(now() - before >= pause.nanoseconds, "counts nanoseconds");
}

static void test_after(now_function *now, after_function *after)
{
    int64_t before = now();
    int64_t deadline = after(1000);
    check(deadline >= before + 1000 && deadline <= now() + 1000, "a deadline lies ahead of now");
    check(after(CLOCK_FOREVER) == CLOCK_FOREVER, "for ever from now is for ever");
    check(after(CLOCK_FOREVER - 1) == CLOCK_FOREVER, "a sum that does not fit is for ever");
    int64_t furthest = CLOCK_FOREVER - before;
    check(after(furthest - 1000000000000) < CLOCK_FOREVER, "a sum that fits is not");
    check(after(-1000) < now(), "a negative time lies behind");
    check(after(INT64_MIN) < 0, "as far as it can");
}

int main(void)
{
    const void *image = (const void *)process_auxiliary(AT_SYSINFO_EHDR, 0);
    if (image != NULL)
        check(vdso_function(image, MACHINE_VDSO_CLOCK_GETTIME, MACHINE_VDSO_VERSION) != 0,
              "the vDSO has the function");
    test_now(clock_now);
    test_after(clock_now, clock_after);

    const struct auxiliary_entry none = {.type = AT_NULL};
    const struct auxiliary_entry *whole = process.auxiliary;
    process.auxiliary = &none;
    other_clock_now();
    process.auxiliary = whole;
    check_equal(source, by_system_call, "without a vDSO it is a system call");
    test_now(other_clock_now);
    test_after(other_clock_now, other_clock_after);

    source = not_looked_for;
    other_clock_now();
    check((image != NULL) == (source != by_system_call), "with one it is not");
    return tap_done();
}
