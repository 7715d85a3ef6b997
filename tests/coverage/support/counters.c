/*
 * Counting branches: the first code of every process maps over each object's counters the file that
 * all processes share. Nothing is done when the process ends, so that it may end as it likes, and
 * nothing was counted before.
 *
 * A process that cannot have the file (a sandbox that refuses, another root) counts for itself
 * alone, and is lost.
 */
#include <asm/fcntl.h>
#include <asm/unistd.h>
#include <linux/mman.h>
#include <stdint.h>

#include "arch/arch.h"

/* As pages.S writes it: distances from each field, because nothing is relocated yet. */
struct object {
    int32_t begin, end, file;
};

#define here_already __attribute__((visibility("hidden")))
extern here_already const struct object __start_coverage_objects[], __stop_coverage_objects[];

/* Called by start.S. */
here_already void coverage_share(void);

static char *place(const int32_t *distance)
{
    return (char *)(uintptr_t)distance + *distance;
}

static void share(char *begin, char *end, const char *file)
{
    if (begin == end)
        return;
    long descriptor = arch_syscall3(__NR_open, (long)file, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    arch_syscall6(__NR_mmap, (long)begin, end - begin, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED, descriptor, 0);
    arch_syscall1(__NR_close, descriptor);
}

void coverage_share(void)
{
    const struct object *each = __start_coverage_objects;
    for (; each < __stop_coverage_objects; each++)
        share(place(&each->begin), place(&each->end), place(&each->file));
}

/* gcc's tables name it; only a process that writes a counter file of its own would call it. */
void __gcov_merge_add(uint64_t *counters, unsigned count);
void __gcov_merge_add(uint64_t *counters, unsigned count)
{
    (void)counters;
    (void)count;
}
