/*
 * Counting branches: before main each object's counters are moved into the file that all processes
 * share. What was counted until then is added to what the file has. A process that cannot have the
 * file (a sandbox that refuses, another root) counts for itself alone, and is lost.
 *
 * Nothing is done when the process ends, so that it may end as it likes.
 */
#include <asm/fcntl.h>
#include <asm/unistd.h>
#include <linux/mman.h>
#include <stdint.h>

#include "arch/arch.h"

/* As pages.S writes it: distances from each field. */
struct object {
    int32_t begin, end, file;
};

extern const struct object __start_coverage_objects[], __stop_coverage_objects[];

static void *place(const int32_t *distance)
{
    return (char *)(uintptr_t)distance + *distance;
}

static void share(uint64_t *begin, uint64_t *end, const char *file)
{
    long size = (char *)end - (char *)begin;
    long descriptor = arch_syscall3(__NR_open, (long)file, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    long shared =
        arch_syscall6(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    arch_syscall1(__NR_close, descriptor);
    if (shared < 0)
        return;
    for (long i = 0; i < size / (long)sizeof *begin; i++) {
        if (begin[i] != 0)
            __atomic_fetch_add((uint64_t *)shared + i, begin[i], __ATOMIC_RELAXED);
    }
    arch_syscall5(__NR_mremap, shared, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (long)begin);
}

static void share_all(void)
{
    for (const struct object *each = __start_coverage_objects; each < __stop_coverage_objects;
         each++) {
        if (each->begin < each->end + 4)
            share(place(&each->begin), place(&each->end), place(&each->file));
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const before_main)(void) = share_all;

/* gcc's tables name it; only a process that writes a counter file of its own would call it. */
void __gcov_merge_add(uint64_t *counters, unsigned count);
void __gcov_merge_add(uint64_t *counters, unsigned count)
{
    (void)counters;
    (void)count;
}
