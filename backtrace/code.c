#include "backtrace/code.h"

#include <linux/auxvec.h>

#include "base/memory.h"
#include "base/process.h"

struct code code_program(void)
{
    struct code code = {
        .segments = (const Elf64_Phdr *)process_auxiliary(AT_PHDR, 0),
        .bias = process.load_bias,
    };
    if (code.segments != NULL)
        code.segment_count = process_auxiliary(AT_PHNUM, 0);
    return code;
}

/* The kernel's own image: its headers are believed. */
static struct code vdso(void)
{
    struct code code = {0};
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)process_auxiliary(AT_SYSINFO_EHDR, 0);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return code;
    code.segments = (const Elf64_Phdr *)((uintptr_t)header + header->e_phoff);
    code.segment_count = header->e_phnum;
    for (size_t i = 0; i < code.segment_count; i++) {
        if (code.segments[i].p_type == PT_LOAD) {
            code.bias = (uintptr_t)header + code.segments[i].p_offset - code.segments[i].p_vaddr;
            break;
        }
    }
    return code;
}

/* The loaded segment with the access `flags` in which `address` lies, or NULL. */
static const Elf64_Phdr *segment_of(const struct code *code, uintptr_t address, uint32_t flags)
{
    for (size_t i = 0; i < code->segment_count; i++) {
        const Elf64_Phdr *segment = &code->segments[i];
        uintptr_t offset = address - code->bias - segment->p_vaddr;
        if (segment->p_type == PT_LOAD && (segment->p_flags & flags) == flags &&
            offset < segment->p_memsz)
            return segment;
    }
    return NULL;
}

bool code_find(uintptr_t address, struct code *code)
{
    *code = code_program();
    if (segment_of(code, address, PF_X) != NULL)
        return true;
    *code = vdso();
    return segment_of(code, address, PF_X) != NULL;
}

struct extent code_memory(const struct code *code, uintptr_t address)
{
    const Elf64_Phdr *segment = segment_of(code, address, PF_R);
    if (segment == NULL)
        return (struct extent){0};
    uintptr_t end = code->bias + segment->p_vaddr + segment->p_memsz;
    return (struct extent){.start = (const unsigned char *)address, .size = end - address};
}
