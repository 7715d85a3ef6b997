/*
 * Where the kernel enters: rsp points to argc; rdx is a function to register at exit (unused).
 *
 * keel_start is the same place by a name that is only ours: a program whose headers define a weak
 * _start of their own (the kernel's nolibc) names it, and so takes this one in any link order.
 */
#include "machine/assembly.h"

    .globl keel_start
    .hidden keel_start
    .type keel_start, @function
FUNCTION(_start)
keel_start:
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %rsp, %rdi
    andq $-16, %rsp
    call boot_start
    ud2
END(_start)

NO_EXECUTABLE_STACK
