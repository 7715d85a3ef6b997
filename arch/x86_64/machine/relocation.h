/*
 * x86-64: the relocations that a linker leaves in a static image (System V ABI, x86-64 supplement,
 * 4.4.1).
 */
#ifndef KEEL_MACHINE_RELOCATION_H
#define KEEL_MACHINE_RELOCATION_H

enum {
    arch_relocation_relative = 8,  /* R_X86_64_RELATIVE: the load bias plus the addend */
    arch_relocation_indirect = 37, /* R_X86_64_IRELATIVE: what the function there returns */
};

#endif
