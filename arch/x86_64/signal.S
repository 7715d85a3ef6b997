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

    .section .text.arch_signal_return, "ax", @progbits
    .globl arch_signal_return
    .hidden arch_signal_return
    .type arch_signal_return, @function
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa rsp, 0
    .set place, 40 /* of the machine context in the ucontext */
#define SIGNAL_REGISTER(name)                                                                      \
    .cfi_offset name, place;                                                                       \
    .set place, place + 8
#include "signal_context.tbl"
#undef SIGNAL_REGISTER
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
