/* Mappings from the kernel. */
#include "mem/pages.h"

#include <asm/unistd.h>

#include "tests/tap.h"

enum { KiB = 1024, MiB = 1024 * 1024 };

/* The kernel's answer, without a fault: it cannot read for us what we cannot. */
static bool is_readable(const void *address)
{
    static int ends[2];
    if (ends[1] == 0)
        arch_syscall1(__NR_pipe, (long)ends);
    char byte;
    bool readable = arch_syscall3(__NR_write, ends[1], (long)address, 1) == 1;
    if (readable)
        arch_syscall3(__NR_read, ends[0], (long)&byte, 1);
    return readable;
}

static void check_alignment(void)
{
    enum { mappings = 40 };
    bool aligned = true;
    for (size_t alignment = arch_page_size; alignment <= 16 * MiB; alignment *= 4) {
        unsigned char *mapped[mappings];
        for (size_t i = 0; i < mappings; i++) {
            size_t size = (i % 5 + 1) * 68 * KiB;
            mapped[i] = page_map_aligned(size, alignment);
            aligned = aligned && mapped[i] != NULL && (uintptr_t)mapped[i] % alignment == 0;
            if (mapped[i] != NULL)
                mapped[i][0] = mapped[i][size - 1] = 1;
        }
        for (size_t i = 0; i < mappings; i++)
            page_unmap(mapped[i], (i % 5 + 1) * 68 * KiB);
    }
    check(aligned, "aligned mappings from 4 KiB to 16 MiB");
}

static void check_moves(void)
{
    unsigned char *mapped = page_map(4 * MiB);
    page_unmap(mapped + 1 * MiB, 3 * MiB);
    for (size_t i = 0; i < 1 * MiB; i += 1000)
        mapped[i] = (unsigned char)(i / 1000);
    check(page_grow(mapped, 1 * MiB, 2 * MiB), "a mapping grows into the free space behind it");
    unsigned char *target = page_map(6 * MiB);
    check(!page_grow(mapped, 2 * MiB, (size_t)1 << 46), "but not beyond all bounds");
    check(page_move(mapped, 2 * MiB, target, 6 * MiB), "a mapping moves over another");
    bool whole = true;
    for (size_t i = 0; i < 1 * MiB; i += 1000)
        whole = whole && target[i] == (unsigned char)(i / 1000);
    target[6 * MiB - 1] = 1;
    check(whole, "and its bytes with it");
    page_unmap(target, 6 * MiB);
    check(!is_readable(target), "unmapped it is gone");
}

int main(void)
{
    unsigned char *mapped = page_map(64 * KiB);
    check(mapped != NULL && mapped[0] == 0 && mapped[64 * KiB - 1] == 0, "a mapping is zero");
    mapped[0] = 1;
    check(page_discard(mapped, 64 * KiB), "its memory goes");
    check(is_readable(mapped), "and it stays mapped");
    check(page_protect(mapped, 4 * KiB), "a page is taken out of reach");
    check(!is_readable(mapped) && is_readable(mapped + 4 * KiB), "it and no other");
    page_keep_small(mapped, 64 * KiB);
    check(page_unmap(mapped, 64 * KiB), "and all are unmapped");
    check(page_map((size_t)1 << 62) == NULL, "too large a mapping is NULL");
    check(page_map_aligned(SIZE_MAX - 4096, 2 * MiB) == NULL, "so is one whose sum overflows");
    check(page_map_aligned(SIZE_MAX, 4096) == NULL, "or whose size does");
    check_alignment();
    check_moves();
    return tap_done();
}
