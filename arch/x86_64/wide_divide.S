/* 128 bits by 64: what divq does. */
#include "machine/assembly.h"

/* rdi: high word; rsi: low word; rdx: divisor; rcx: where the remainder goes. */
FUNCTION(wide_divide)
    movq %rdx, %r8
    movq %rdi, %rdx
    movq %rsi, %rax
    divq %r8
    movq %rdx, (%rcx)
    ret
END(wide_divide)

NO_EXECUTABLE_STACK
