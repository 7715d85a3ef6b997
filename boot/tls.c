/*
 * Thread-local storage, variant II of the TLS ABI:
 *
 *     memory                            thread pointer (= thread block)
 *     |  padding  | .tdata  | .tbss    | self | ... | canary | ... |
 *                 '---- the variables
 *
 * The block is aligned to the larger of the segment's alignment and a cache line. The variables end
 * before it, by as little as their own alignment allows: compilers and linkers count their offsets
 * down from the thread pointer by the segment's size rounded up to its own alignment, and to no
 * larger one. There is one segment: the image is static.
 */
#include <linux/elf.h>

#include "base/atomic.h"
#include "base/process.h"
#include "boot/boot.h"

/*
 * Of the image; zero and 1 when it has no such variables. Atomic: whoever asks for the size writes
 * what is there already, but for the first.
 */
TOUCHED_AT_START static struct {
    uintptr_t image; /* the initial values, where the linker put them */
    size_t image_size;
    size_t size;      /* from the first variable to the block */
    size_t alignment; /* of the block */
} tls;

size_t boot_tls_size(void)
{
    size_t size = 0, alignment = arch_cache_line;
    const Elf64_Phdr *header = process_program_header(PT_TLS);
    if (header != NULL) {
        /* So that the variables have the place modulo the alignment that the linker gave them. */
        uint64_t start = header->p_vaddr;
        size = start + header->p_memsz;
        if (header->p_align != 0) {
            size = round_up(size, header->p_align);
            if (header->p_align > alignment)
                alignment = header->p_align;
        }
        size -= start;
        /* RELAXED, here and below: numbers that do not change. */
        atomic_store(&tls.image, start, RELAXED);
        atomic_store(&tls.image_size, header->p_filesz, RELAXED);
        atomic_store(&tls.size, size, RELAXED);
    }
    atomic_store(&tls.alignment, alignment, RELAXED);
    return size + 2 * alignment + sizeof(struct thread_block);
}

struct thread_block *boot_tls_place(void *memory)
{
    uintptr_t place = round_up((uintptr_t)memory + tls.size, tls.alignment);
    struct thread_block *block = (struct thread_block *)place;
    arch_zero_small((unsigned char *)block - tls.size, tls.size + sizeof *block);
    block->self = block;
    block->canary = boot_tls_canary();
    return block;
}

void boot_tls_fill(struct thread_block *block)
{
    arch_copy_small((unsigned char *)block - tls.size,
                    (const void *)(process.load_bias + tls.image), tls.image_size);
}
