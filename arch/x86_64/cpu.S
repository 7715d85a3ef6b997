/* What the processor is asked for by an instruction of its own. */
#include <asm/prctl.h>
#include <asm/unistd.h>

#include "machine/assembly.h"

/* rdi: thread block; esi: wrfsbase is allowed. */
FUNCTION(arch_thread_pointer_set)
    testl %esi, %esi
    jz 1f
    wrfsbase %rdi
    xorl %eax, %eax
    ret
1:  movq %rdi, %rsi
    movl $ARCH_SET_FS, %edi
    movl $__NR_arch_prctl, %eax
    syscall
    ret
END(arch_thread_pointer_set)

FUNCTION(arch_cycle_counter)
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    ret
END(arch_cycle_counter)

/* edi: leaf; esi: subleaf; rdx: out[4]. cpuid destroys rbx, which the caller owns: kept in r9. */
FUNCTION(arch_cpuid)
    movq %rdx, %r8
    movq %rbx, %r9
    .cfi_register rbx, r9
    movl %edi, %eax
    movl %esi, %ecx
    cpuid
    movl %eax, 0(%r8)
    movl %ebx, 4(%r8)
    movl %ecx, 8(%r8)
    movl %edx, 12(%r8)
    movq %r9, %rbx
    .cfi_restore rbx
    ret
END(arch_cpuid)

NO_EXECUTABLE_STACK
