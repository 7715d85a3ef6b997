#include "base/process.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "base/alone.h"

/*
 * Whoever links this has our _start too. Where -nostdlib was forgotten that is one too many, which
 * the linker says; a libc's alone would leave all this empty, to crash at the first call.
 */
ARCH_WANTS_START;

TOUCHED_AT_START struct process process;
TOUCHED_AT_START bool process_shared;

uint64_t process_auxiliary(uint64_t type, uint64_t otherwise)
{
    for (const struct auxiliary_entry *entry = process.auxiliary; entry->type != AT_NULL; entry++) {
        if (entry->type == type)
            return entry->value;
    }
    return otherwise;
}

const Elf64_Phdr *process_program_header(uint32_t type)
{
    const Elf64_Phdr *header = (const Elf64_Phdr *)process_auxiliary(AT_PHDR, 0);
    for (uint64_t left = process_auxiliary(AT_PHNUM, 0); left > 0; left--, header++) {
        if (header->p_type == type)
            return header;
    }
    return NULL;
}

_Noreturn void process_end(int status)
{
    arch_syscall1(__NR_exit_group, status);
    arch_trap();
}
