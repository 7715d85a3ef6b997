/*
 * The floor of two threads: one raw clone, and a message handed over by a futex. The first thread
 * waits until the second has filled the slot, and prints what it finds.
 */
#include <asm/unistd.h>

#define STACK_SIZE 2048
#define WAIT_PRIVATE 128
#define WAKE_PRIVATE 129
/* CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM */
#define THREAD_FLAGS 0x50f00

    .section .text, "ax", @progbits
    .globl _start
_start:
    movl $__NR_clone, %eax
    movl $THREAD_FLAGS, %edi
    leaq sender_stack_end(%rip), %rsi
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    syscall
    testq %rax, %rax
    jz sender
    js failed

receiver:
    cmpl $0, full(%rip)
    jne 1f
    movl $__NR_futex, %eax
    leaq full(%rip), %rdi
    movl $WAIT_PRIVATE, %esi
    xorl %edx, %edx
    xorl %r10d, %r10d
    syscall
    jmp receiver
1:  movl $__NR_write, %eax
    movl $1, %edi
    movq slot(%rip), %rsi
    movl $text_end - text, %edx
    syscall
    movl $__NR_exit_group, %eax
    xorl %edi, %edi
    syscall

sender:
    leaq text(%rip), %rax
    movq %rax, slot(%rip)
    movl $1, full(%rip)
    movl $__NR_futex, %eax
    leaq full(%rip), %rdi
    movl $WAKE_PRIVATE, %esi
    movl $1, %edx
    syscall
    movl $__NR_exit, %eax
    xorl %edi, %edi
    syscall

failed:
    ud2

text:
    .ascii "hello\n"
text_end:

    .section .bss, "aw", @nobits
    .balign 64
slot:
    .skip 8
full:
    .skip 4
    .balign 64
    .skip STACK_SIZE
sender_stack_end:

    .section .note.GNU-stack, "", @progbits
