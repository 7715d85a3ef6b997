/*
 * Memory between two pages that fault: whoever reads or writes a byte too far is found out at once.
 */
#ifndef KEEL_TESTS_GUARDED_AREA_H
#define KEEL_TESTS_GUARDED_AREA_H

#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/base.h"
#include "base/process.h"

struct guarded_area {
    unsigned char *start;
    unsigned char *end;
};

/* `size` must be a multiple of the page size. Ends the process when there is no memory. */
static inline struct guarded_area guarded_area_make(size_t size)
{
    long address = arch_syscall6(__NR_mmap, 0, (long)size + 2 * arch_page_size, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0)
        process_end(3);
    address += arch_page_size;
    if (arch_syscall3(__NR_mprotect, address, (long)size, PROT_READ | PROT_WRITE) != 0)
        process_end(3);
    unsigned char *start = (unsigned char *)address;
    return (struct guarded_area){.start = start, .end = start + size};
}

/*
 * What a byte at `position` holds. Expected contents are computed from it, never copied: a loop
 * that copies bytes would be compiled to a call of the very function under test.
 */
static inline unsigned char pattern(size_t position)
{
    return (unsigned char)(position * 131 + (position >> 8) * 17 + 7);
}

static inline void fill_with_pattern(struct guarded_area area)
{
    for (size_t i = 0; area.start + i < area.end; i++)
        area.start[i] = pattern(i);
}

#endif
