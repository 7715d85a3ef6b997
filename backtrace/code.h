/*
 * The code that the process was loaded with: the program's own segments, and the kernel's vDSO. A
 * static program has no other, unless it makes some at run time.
 */
#ifndef KEEL_BACKTRACE_CODE_H
#define KEEL_BACKTRACE_CODE_H

#include <linux/elf.h>

#include "backtrace/reader.h"

struct code {
    uintptr_t bias; /* where it lies, minus where it was linked for */
    const Elf64_Phdr *segments;
    size_t segment_count;
};

/* The program itself. */
struct code code_program(void);

/* Whose executable segment `address` lies in; false when nobody's. */
bool code_find(uintptr_t address, struct code *code);

/* The memory from `address` to the end of the readable segment in which it lies; else empty. */
struct extent code_memory(const struct code *code, uintptr_t address);

#endif
