/*
 * A call on another stack. The frame pointer leads back: it is the frame's address in both stacks,
 * so the unwind information needs no word of the other one.
 */
#include "machine/assembly.h"

/* rdi: top of the other stack; rsi: function; rdx: its argument. */
FUNCTION(arch_call_on)
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    andq $-16, %rdi
    movq %rdi, %rsp
    movq %rdx, %rdi
    call *%rsi
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa rsp, 8
    .cfi_restore rbp
    ret
END(arch_call_on)

NO_EXECUTABLE_STACK
