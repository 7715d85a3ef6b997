/*
 * An image that is linked to no fixed address (a static PIE) relocates itself: nobody else does.
 * The linker leaves three lists, found by the dynamic section:
 *
 *   - relative relocations: the word at `offset` becomes the load bias plus the addend;
 *   - RELR, the same packed: an even entry is the address of a word to which the bias is added, an
 *     odd one a bit for each of the 63 words that follow;
 *   - indirect ones (gcc's ifunc): the word becomes what the function at the addend returns. (An
 *     image with a fixed address may have these too: start.c sees to them.)
 *
 * What runs before that (_start, boot_start, tls.c, this file) reaches its symbols relative to the
 * program counter and needs none of it. An indirect function is the program's code, the first of it
 * that runs: the other relocations are applied, and the thread pointer and the canary are there.
 *
 * The lists for data and for calls hold either kind, in any order (a linker that was told to put
 * them together sorts them together).
 *
 * Sources: System V gABI, chapter 5 (RELR: since 2022); x86-64 supplement, 4.4.1.
 */
#include <asm/unistd.h>
#include <linux/elf.h>
#include <linux/mman.h>

#include "base/process.h"
#include "boot/boot.h"
#include "machine/relocation.h"

/* Of the gABI, too new for the kernel's header. */
enum { DT_RELRSZ = 35, DT_RELR = 36 };

/*
 * linker.ld, for images with a fixed address, leaves this section out, and gives the name of
 * boot_relocate, which is never called there, to something else: so what is here must be all here.
 */
#define RELOCATOR __attribute__((section(".text.boot_relocate")))

RELOCATOR static uint64_t *word_at(uint64_t address)
{
    return (uint64_t *)(process.load_bias + address);
}

/*
 * Other types are left alone: they name symbols that are nowhere defined (weak ones: else the
 * linker would have refused), and the word is 0 already.
 */
RELOCATOR static void apply(uint64_t table, uint64_t bytes, uint64_t type)
{
    const Elf64_Rela *entry = (const Elf64_Rela *)word_at(table);
    const Elf64_Rela *end = entry + bytes / sizeof *entry;
    for (; entry < end; entry++) {
        if (ELF64_R_TYPE(entry->r_info) != type)
            continue;
        uint64_t value = (uintptr_t)word_at((uint64_t)entry->r_addend);
        if (type == arch_relocation_indirect)
            value = ((uint64_t(*)(void))value)();
        *word_at(entry->r_offset) = value;
    }
}

RELOCATOR static void apply_packed(uint64_t table, uint64_t bytes)
{
    const uint64_t *entry = word_at(table);
    const uint64_t *end = entry + bytes / sizeof *entry;
    uint64_t *next = NULL;
    for (; entry < end; entry++) {
        if ((*entry & 1) == 0) {
            next = word_at(*entry);
            *next++ += process.load_bias;
            continue;
        }
        uint64_t *word = next;
        for (uint64_t bits = *entry >> 1; bits != 0; bits >>= 1, word++) {
            if ((bits & 1) != 0)
                *word += process.load_bias;
        }
        next += 63;
    }
}

/*
 * What was relocated is constant from here on, and much of it is pointers to functions. A refusal
 * takes nothing from the program but this protection.
 */
RELOCATOR static void protect_relocated(void)
{
    const Elf64_Phdr *header = process_program_header(PT_GNU_RELRO);
    if (header == NULL)
        return;
    uintptr_t first = (uintptr_t)word_at(header->p_vaddr);
    uintptr_t end = round_down(first + header->p_memsz, arch_page_size);
    first = round_down(first, arch_page_size);
    if (first < end)
        arch_syscall3(__NR_mprotect, (long)first, (long)(end - first), PROT_READ);
}

/* Finds the lists. */
RELOCATOR static void read_dynamic(const Elf64_Dyn *entry, uint64_t value[])
{
    const Elf64_Phdr *header = process_program_header(PT_DYNAMIC);
    process.load_bias = (uintptr_t)entry - header->p_vaddr;
    if (process_program_header(PT_INTERP) != NULL)
        return; /* a dynamic loader was here first */
    for (; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag <= DT_RELR)
            value[entry->d_tag] = entry->d_un.d_val;
    }
}

RELOCATOR void boot_relocate(const Elf64_Dyn *dynamic)
{
    uint64_t value[DT_RELR + 1];
    arch_zero_small(value, sizeof value);
    read_dynamic(dynamic, value);
    if ((value[DT_RELASZ] | value[DT_PLTRELSZ] | value[DT_RELRSZ]) == 0)
        return;
    apply_packed(value[DT_RELR], value[DT_RELRSZ]);
    static const uint8_t types[] = {arch_relocation_relative, arch_relocation_indirect};
    for (unsigned i = 0; i < sizeof types; i++) {
        apply(value[DT_RELA], value[DT_RELASZ], types[i]);
        apply(value[DT_JMPREL], value[DT_PLTRELSZ], types[i]);
    }
    protect_relocated();
}
