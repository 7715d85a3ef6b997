/*
 * strlen: 16 and then 64 bytes a round, all aligned, so that what is read beyond the end lies in
 * the same 64 bytes and never in the next page.
 */
#include "machine/assembly.h"

/* rdi: text. rax: what is looked at; edx: a bit for each byte there that is 0. */
FUNCTION(strlen)
    pxor %xmm0, %xmm0
    movq %rdi, %rax
    andq $-16, %rax
    movdqa (%rax), %xmm1
    pcmpeqb %xmm0, %xmm1
    pmovmskb %xmm1, %edx
    /* Drops the bits of what lies before the text. */
    movl %edi, %ecx
    andl $15, %ecx
    shrl %cl, %edx
    bsfl %edx, %edx
    jnz .Lfound_at_once

.Lsteps:
    addq $16, %rax
    testb $63, %al
    jz .Lrounds
    movdqa (%rax), %xmm1
    pcmpeqb %xmm0, %xmm1
    pmovmskb %xmm1, %edx
    bsfl %edx, %edx
    jz .Lsteps
.Lfound:
    addq %rdx, %rax
    subq %rdi, %rax
    ret

.Lfound_at_once:
    movl %edx, %eax
    ret

    .balign 16
.Lrounds:
    movdqa (%rax), %xmm1
    pminub 16(%rax), %xmm1
    movdqa 32(%rax), %xmm2
    pminub 48(%rax), %xmm2
    pminub %xmm2, %xmm1
    pcmpeqb %xmm0, %xmm1
    pmovmskb %xmm1, %edx
    addq $64, %rax
    testl %edx, %edx
    jz .Lrounds

    /* One of these four has it. */
    subq $64, %rax
1:  movdqa (%rax), %xmm1
    pcmpeqb %xmm0, %xmm1
    pmovmskb %xmm1, %edx
    bsfl %edx, %edx
    jnz .Lfound
    addq $16, %rax
    jmp 1b
END(strlen)

NO_EXECUTABLE_STACK
