/* Threads, by the bare system call. */
#include <asm/unistd.h>

#include "machine/assembly.h"

/*
 * C:      rdi flags, rsi stack, rdx parent_id, rcx child_id, r8 thread_pointer, r9 entry,
 *         8(%rsp) arg
 * kernel: rdi flags, rsi stack, rdx parent_id, r10 child_id, r8 thread_pointer
 * The child takes entry and argument from its own stack: registers survive the call too, but two
 * words there keep this true whatever the kernel clears.
 */
FUNCTION(arch_clone)
    movq 8(%rsp), %rax
    movq %rax, -8(%rsi)
    movq %r9, -16(%rsi)
    subq $16, %rsi
    movq %rcx, %r10
    movl $__NR_clone, %eax
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  .cfi_undefined rip
    xorl %ebp, %ebp
    popq %rax
    popq %rdi
    call *%rax
    ud2
END(arch_clone)

NO_EXECUTABLE_STACK
