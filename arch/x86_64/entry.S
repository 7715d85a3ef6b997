/* Where the kernel enters: rsp points to argc; rdx is a function to register at exit (unused). */
#include "machine/assembly.h"

FUNCTION(_start)
    .cfi_undefined rip
    xorl %ebp, %ebp
    movq %rsp, %rdi
    andq $-16, %rsp
    call boot_start
    ud2
END(_start)

NO_EXECUTABLE_STACK
