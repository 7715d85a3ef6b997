/*
 * memcmp and bcmp: 64 bytes a round, then 16; the last 16 overlap what was compared before. No byte
 * outside the blocks is read. What begins with a difference is compared anew in the next smaller
 * steps, so that there is one place that finds the byte.
 *
 * memcmp is weak: a program with a memcmp of its own may still take bcmp from here.
 */
#include "machine/assembly.h"

/* rdi: left; rsi: right; rdx: length. */
FUNCTION(bcmp)
    .weak memcmp
    .hidden memcmp
    .type memcmp, @function
memcmp:
    cmpq $16, %rdx
    jb .Lbelow_16
    /* rcx: how many bytes are equal; r8: where the last 16 begin. */
    xorl %ecx, %ecx
    leaq -16(%rdx), %r8
    subq $64, %rdx
    jb .Lsteps

    .balign 16
.Lrounds:
    movups (%rdi,%rcx), %xmm0
    movups (%rsi,%rcx), %xmm4
    pcmpeqb %xmm4, %xmm0
    movups 16(%rdi,%rcx), %xmm1
    movups 16(%rsi,%rcx), %xmm5
    pcmpeqb %xmm5, %xmm1
    movups 32(%rdi,%rcx), %xmm2
    movups 32(%rsi,%rcx), %xmm6
    pcmpeqb %xmm6, %xmm2
    movups 48(%rdi,%rcx), %xmm3
    movups 48(%rsi,%rcx), %xmm7
    pcmpeqb %xmm7, %xmm3
    pand %xmm1, %xmm0
    pand %xmm3, %xmm2
    pand %xmm2, %xmm0
    pmovmskb %xmm0, %eax
    cmpl $0xffff, %eax
    jne .Lsteps
    addq $64, %rcx
    cmpq %rdx, %rcx
    jbe .Lrounds

.Lsteps:
    cmpq %r8, %rcx
    jae .Llast
    movups (%rdi,%rcx), %xmm0
    movups (%rsi,%rcx), %xmm4
    pcmpeqb %xmm4, %xmm0
    pmovmskb %xmm0, %eax
    subl $0xffff, %eax
    jnz .Lfound
    addq $16, %rcx
    jmp .Lsteps
.Llast:
    movq %r8, %rcx
    movups (%rdi,%rcx), %xmm0
    movups (%rsi,%rcx), %xmm4
    pcmpeqb %xmm4, %xmm0
    pmovmskb %xmm0, %eax
    subl $0xffff, %eax
    jnz .Lfound
    ret

.Lfound:
    /* eax: mask - 0xffff. Its lowest set bit is the mask's lowest clear one. */
    bsfl %eax, %edx
    addq %rdx, %rcx
    movzbl (%rdi,%rcx), %eax
    movzbl (%rsi,%rcx), %edx
    subl %edx, %eax
    ret

.Lbelow_16:
    cmpl $8, %edx
    jb .Lbelow_8
    movq (%rdi), %rax
    movq (%rsi), %rcx
    cmpq %rcx, %rax
    jne .Lwords_differ
    movq -8(%rdi,%rdx), %rax
    movq -8(%rsi,%rdx), %rcx
    cmpq %rcx, %rax
    jne .Lwords_differ
    xorl %eax, %eax
    ret
.Lbelow_8:
    cmpl $4, %edx
    jb .Lbelow_4
    movl (%rdi), %eax
    movl (%rsi), %ecx
    cmpl %ecx, %eax
    jne .Lwords_differ
    movl -4(%rdi,%rdx), %eax
    movl -4(%rsi,%rdx), %ecx
    cmpl %ecx, %eax
    jne .Lwords_differ
    xorl %eax, %eax
    ret

.Lwords_differ:
    /* As big-endian numbers they are in the order of their first different bytes. */
    bswapq %rax
    bswapq %rcx
    cmpq %rcx, %rax
    sbbl %eax, %eax
    orl $1, %eax
    ret

.Lbelow_4:
    movl %edx, %r8d
    xorl %ecx, %ecx
    xorl %eax, %eax
1:  cmpl %r8d, %ecx
    jae 2f
    movzbl (%rdi,%rcx), %eax
    movzbl (%rsi,%rcx), %edx
    incl %ecx
    subl %edx, %eax
    jz 1b
2:  ret
    .size memcmp, . - memcmp
END(bcmp)

NO_EXECUTABLE_STACK
