/*
 * Return from a signal handler. The kernel has left the interrupted registers in a signal frame:
 * siginfo lies above a ucontext, whose machine context starts 40 bytes in. rsp points to the
 * ucontext when the handler's return has popped the address of this function.
 *
 * An unwinder finds the interrupted frame by these rules. They hold one byte earlier too, because
 * an unwinder looks at the instruction before a return address: hence the nop.
 */
#include <asm/unistd.h>

#include "machine/assembly.h"

/* Offsets from the ucontext: 40 (uc_mcontext) + the register's place in struct sigcontext. */
.macro SAVED_AT register, offset
    .cfi_offset \register, \offset
.endm

    .section .text.arch_signal_return, "ax", @progbits
    .globl arch_signal_return
    .hidden arch_signal_return
    .type arch_signal_return, @function
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa rsp, 0
    SAVED_AT r8, 40
    SAVED_AT r9, 48
    SAVED_AT r10, 56
    SAVED_AT r11, 64
    SAVED_AT r12, 72
    SAVED_AT r13, 80
    SAVED_AT r14, 88
    SAVED_AT r15, 96
    SAVED_AT rdi, 104
    SAVED_AT rsi, 112
    SAVED_AT rbp, 120
    SAVED_AT rbx, 128
    SAVED_AT rdx, 136
    SAVED_AT rax, 144
    SAVED_AT rcx, 152
    SAVED_AT rsp, 160
    SAVED_AT rip, 168
    nop
arch_signal_return:
    movl $__NR_rt_sigreturn, %eax
    syscall
    ud2
    .cfi_endproc
    .size arch_signal_return, . - arch_signal_return

/* rdi: the ucontext of a signal frame, which is where rsp is when a handler has returned. */
FUNCTION(arch_signal_return_to)
    movq %rdi, %rsp
    .cfi_undefined rip
    movl $__NR_rt_sigreturn, %eax
    syscall
    ud2
END(arch_signal_return_to)

NO_EXECUTABLE_STACK
