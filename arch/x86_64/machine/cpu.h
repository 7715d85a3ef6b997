/*
 * x86-64: what must be inlined. The base of %fs is the thread pointer; its first word holds its own
 * address (System V ABI, TLS variant II), which makes the thread block readable in one load.
 */
#ifndef KEEL_MACHINE_CPU_H
#define KEEL_MACHINE_CPU_H

#include <asm/prctl.h>
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/syscall.h"

enum { arch_page_size = 4096, arch_cache_line = 64 };

/*
 * On a signal handler's definition. The ABI has (rsp + 8) divisible by 16 at a function's entry,
 * and the kernel keeps to it; qemu-user 7.2 enters handlers on an alternate stack 8 bytes off.
 */
#define ARCH_SIGNAL_HANDLER __attribute__((force_align_arg_pointer))

/* Tells the processor that this is a spin loop. */
static inline void arch_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

/* Ends the process by an illegal instruction, where even exit_group was refused. */
static inline _Noreturn void arch_trap(void)
{
    __asm__ volatile("ud2");
    __builtin_unreachable();
}

/*
 * The calling thread's block. Volatile, so that the compiler reads it anew at each use: a task may
 * wake on another thread, and an address kept from before would be the old thread's.
 */
static inline void *arch_thread_block(void)
{
    void *block;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(block));
    return block;
}

/* See arch.h. */
static inline long arch_thread_pointer_set(void *block, int instruction_allowed)
{
    if (instruction_allowed) {
        __asm__ volatile("wrfsbase %0" : : "r"(block) : "memory");
        return 0;
    }
    return arch_syscall2(__NR_arch_prctl, ARCH_SET_FS, (long)block);
}

/* See arch.h. */
static inline uintptr_t arch_thread_pointer_get(void)
{
    uintptr_t pointer;
    if (arch_syscall2(__NR_arch_prctl, ARCH_GET_FS, (long)&pointer) == 0)
        return pointer;
    return (uintptr_t)arch_thread_block();
}

/* Copies, or zeroes, by one instruction: a few bytes of code, slow to begin. */
static inline void arch_copy_small(void *to, const void *from, size_t len)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
}

static inline void arch_zero_small(void *to, size_t len)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(0) : "memory");
}

/* An undefined symbol that nothing refers to. (clang drops a relocation R_X86_64_NONE here.) */
#define ARCH_WANTS_START __asm__(".globl keel_start\n\t.type keel_start, @function")

#endif
