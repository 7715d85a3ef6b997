/* The caller's registers, for a walk over its frames. */
#include "machine/assembly.h"

.set register_offset, 0
#define ARCH_REGISTER(name)                                                                        \
    .set REGISTER_##name, register_offset;                                                         \
    .set register_offset, register_offset + 8;
#include "registers.tbl"
#undef ARCH_REGISTER

/* rdi: where to. As they will be when this has returned, but for rax, which a call may change. */
FUNCTION(arch_registers_capture)
    movq %rax, REGISTER_rax(%rdi)
    movq %rdx, REGISTER_rdx(%rdi)
    movq %rcx, REGISTER_rcx(%rdi)
    movq %rbx, REGISTER_rbx(%rdi)
    movq %rsi, REGISTER_rsi(%rdi)
    movq %rdi, REGISTER_rdi(%rdi)
    movq %rbp, REGISTER_rbp(%rdi)
    leaq 8(%rsp), %rax
    movq %rax, REGISTER_rsp(%rdi)
    movq %r8, REGISTER_r8(%rdi)
    movq %r9, REGISTER_r9(%rdi)
    movq %r10, REGISTER_r10(%rdi)
    movq %r11, REGISTER_r11(%rdi)
    movq %r12, REGISTER_r12(%rdi)
    movq %r13, REGISTER_r13(%rdi)
    movq %r14, REGISTER_r14(%rdi)
    movq %r15, REGISTER_r15(%rdi)
    movq (%rsp), %rax
    movq %rax, REGISTER_rip(%rdi)
    ret
END(arch_registers_capture)

NO_EXECUTABLE_STACK
