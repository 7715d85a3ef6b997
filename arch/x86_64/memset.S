/*
 * memset: up to 128 bytes by stores that meet or overlap in the middle; then 64 bytes a round,
 * stores aligned; above 1.5 KiB by rep stosb, which fills whole cache lines inside the processor
 * (memmove.S tells more of it; there is no source here whose address could be in the way).
 */
#include "machine/assembly.h"

#define REPEAT_ABOVE 1536

/* rdi: target, returned; esi: the byte; rdx: length. */
FUNCTION(memset)
    movq %rdi, %rax
    movzbl %sil, %esi
    movabsq $0x0101010101010101, %rcx
    imulq %rsi, %rcx
    cmpq $16, %rdx
    jb .Lbelow_16
    movq %rcx, %xmm0
    punpcklqdq %xmm0, %xmm0
    leaq -64(%rdi,%rdx), %r8
    movups %xmm0, (%rdi)
    movups %xmm0, 48(%r8)
    cmpq $32, %rdx
    jbe .Ldone
    movups %xmm0, 16(%rdi)
    movups %xmm0, 32(%r8)
    cmpq $64, %rdx
    jbe .Ldone
    movups %xmm0, 32(%rdi)
    movups %xmm0, 48(%rdi)
    movups %xmm0, (%r8)
    movups %xmm0, 16(%r8)
    cmpq $128, %rdx
    jbe .Ldone
    cmpq $REPEAT_ABOVE, %rdx
    ja .Lrepeat
    addq $64, %rdi
    andq $-16, %rdi
    .balign 16
1:  movaps %xmm0, (%rdi)
    movaps %xmm0, 16(%rdi)
    movaps %xmm0, 32(%rdi)
    movaps %xmm0, 48(%rdi)
    addq $64, %rdi
    cmpq %r8, %rdi
    jb 1b
.Ldone:
    ret

.Lrepeat:
    movq %rax, %r8
    movl %esi, %eax
    movq %rdx, %rcx
    rep stosb
    movq %r8, %rax
    ret

.Lbelow_16:
    cmpl $8, %edx
    jb .Lbelow_8
    movq %rcx, (%rdi)
    movq %rcx, -8(%rdi,%rdx)
    ret
.Lbelow_8:
    cmpl $4, %edx
    jb .Lbelow_4
    movl %ecx, (%rdi)
    movl %ecx, -4(%rdi,%rdx)
    ret
.Lbelow_4:
    testl %edx, %edx
    jz .Ldone
    movb %cl, (%rdi)
    movb %cl, -1(%rdi,%rdx)
    shrl %edx
    movb %cl, (%rdi,%rdx)
    ret
END(memset)

NO_EXECUTABLE_STACK
