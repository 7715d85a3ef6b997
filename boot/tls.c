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
#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/memory.h"
#include "base/process.h"
#include "boot/boot.h"

struct tls_layout {
    const void *image; /* the initial values */
    size_t image_size;
    size_t size;      /* from the first variable to the block */
    size_t alignment; /* of the block */
};

static struct tls_layout read_layout(void)
{
    struct tls_layout layout = {.alignment = arch_cache_line};
    const Elf64_Phdr *header = (const Elf64_Phdr *)process_auxiliary(AT_PHDR, 0);
    uint64_t count = process_auxiliary(AT_PHNUM, 0);
    uintptr_t load_bias = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (header[i].p_type == PT_PHDR)
            load_bias = (uintptr_t)header - header[i].p_vaddr;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (header[i].p_type != PT_TLS)
            continue;
        if (header[i].p_align > layout.alignment)
            layout.alignment = header[i].p_align;
        layout.image = (const void *)(load_bias + header[i].p_vaddr);
        layout.image_size = header[i].p_filesz;
        /* So that the variables have the place modulo the alignment that the linker gave them. */
        uint64_t end = header[i].p_vaddr + header[i].p_memsz;
        layout.size = header[i].p_memsz;
        if (header[i].p_align > 1)
            layout.size += round_up(end, header[i].p_align) - end;
    }
    return layout;
}

/*
 * The same random word in every thread: a task that moves must find the one that it saved. Its
 * lowest byte is 0, so that a string function that runs over it stops.
 */
static uint64_t canary(void)
{
    const unsigned char *random = (const unsigned char *)process_auxiliary(AT_RANDOM, 0);
    uint64_t value = 0x9d3c6b51a7e2f400;
    if (random != NULL)
        memcpy(&value, random, sizeof value);
    return value & ~(uint64_t)0xff;
}

size_t boot_tls_size(void)
{
    struct tls_layout layout = read_layout();
    size_t padding = layout.alignment - arch_cache_line;
    return padding + round_up(layout.size, layout.alignment) +
           round_up(sizeof(struct thread_block), arch_cache_line);
}

struct thread_block *boot_tls_make(void *memory)
{
    struct tls_layout layout = read_layout();
    uintptr_t place = round_up((uintptr_t)memory + layout.size, layout.alignment);
    struct thread_block *block = (struct thread_block *)place;
    unsigned char *variables = (unsigned char *)block - layout.size;
    memset(variables, 0, layout.size + sizeof *block);
    memcpy(variables, layout.image, layout.image_size);
    block->self = block;
    block->canary = canary();
    return block;
}
