#include "base/clock.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/time.h>

#include "abi/time.h"
#include "base/atomic.h"
#include "base/panic.h"
#include "base/process.h"
#include "base/vdso.h"
#include "machine/vdso.h"

typedef int clock_gettime_fn(int clock, struct abi_timespec *time);

/* What `source` holds when it is no function's address. */
enum { not_looked_for = 0, by_system_call = 1 };

/*
 * One word, so that a reader sees all of the answer or none. Whoever finds it unset looks for
 * himself and stores what any other would store; so nobody waits, and a signal handler may come in
 * between.
 */
static uintptr_t source;

static uintptr_t find_source(void)
{
    const void *image = (const void *)process_auxiliary(AT_SYSINFO_EHDR, 0);
    uintptr_t found = vdso_function(image, MACHINE_VDSO_CLOCK_GETTIME, MACHINE_VDSO_VERSION);
    if (found == 0)
        found = by_system_call;
    /* RELAXED: with the load in clock_now. The word leads to code only, which was there before. */
    atomic_store(&source, found, RELAXED);
    return found;
}

/* Without time no sleep would end, so a refusal is the program's end. */
static void by_kernel(struct abi_timespec *now)
{
    if (arch_syscall2(__NR_clock_gettime, CLOCK_MONOTONIC, (long)now) != 0)
        panic("the kernel refuses to tell the time (clock_gettime)");
}

int64_t clock_now(void)
{
    /* RELAXED: with the store in find_source. */
    uintptr_t found = atomic_load(&source, RELAXED);
    if (unlikely(found == not_looked_for))
        found = find_source();
    struct abi_timespec now = {0};
    if (found == by_system_call || ((clock_gettime_fn *)found)(CLOCK_MONOTONIC, &now) != 0)
        by_kernel(&now);
    return now.seconds * abi_nanoseconds_per_second + now.nanoseconds;
}

int64_t clock_after(int64_t ns)
{
    int64_t deadline;
    if (__builtin_add_overflow(clock_now(), ns, &deadline))
        return CLOCK_FOREVER;
    return deadline;
}
