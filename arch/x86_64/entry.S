/*
 * Where the kernel enters: rsp points to argc; rdx is a function to register at exit (unused).
 *
 * keel_start is the same place by a name that is only ours: a program whose headers define a weak
 * _start of their own (the kernel's nolibc) names it, and so takes this one in any link order.
 */
#include "machine/assembly.h"

/*
 * The linker's. The first is 0 in an image with a fixed address, the others are in any other. Not
 * in C, which would take them from a table in writable memory.
 */
    .weak _DYNAMIC, __rela_iplt_start, __rela_iplt_end
    .hidden _DYNAMIC, __rela_iplt_start, __rela_iplt_end

/* For a debugger: our own walk ends where the frame pointer is 0. */
    .cfi_sections .debug_frame

    .globl keel_start
    .hidden keel_start
    .type keel_start, @function
FUNCTION_ALIGNED(_start, 1)
keel_start:
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %rsp, %rdi
    leaq _DYNAMIC(%rip), %rsi
    movabsq $__rela_iplt_start, %rdx
    movabsq $__rela_iplt_end, %rcx
    andq $-16, %rsp
    call boot_start
    ud2
END(_start)

NO_EXECUTABLE_STACK
