/*
 * The floor of two tasks in one thread: two stacks in .bss, a switch that saves what a call
 * preserves, and a slot for the message. The receiver finds the slot empty and switches to the
 * sender, which fills it and switches back; the receiver prints the message.
 */
#include <asm/unistd.h>

#define STACK_SIZE 2048
#define SAVED_REGISTERS 6

    .section .text, "ax", @progbits
    .globl _start
_start:
    leaq sender_stack_end - 8 * (SAVED_REGISTERS + 1)(%rip), %rax
    leaq sender(%rip), %rcx
    movq %rcx, 8 * SAVED_REGISTERS(%rax)
    movq %rax, sender_pointer(%rip)
    leaq receiver_stack_end(%rip), %rsp
    jmp receiver

receiver:
    cmpq $0, slot(%rip)
    jne 1f
    leaq receiver_pointer(%rip), %rdi
    leaq sender_pointer(%rip), %rsi
    call switch_task
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
    leaq sender_pointer(%rip), %rdi
    leaq receiver_pointer(%rip), %rsi
    call switch_task
    ud2

/* rdi: where the stack pointer is kept; rsi: where the other's is. */
switch_task:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq (%rsi), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

text:
    .ascii "hello\n"
text_end:

    .section .bss, "aw", @nobits
    .balign 64
receiver_pointer:
    .skip 8
sender_pointer:
    .skip 8
slot:
    .skip 8
    .balign 64
    .skip STACK_SIZE
receiver_stack_end:
    .skip STACK_SIZE
sender_stack_end:

    .section .note.GNU-stack, "", @progbits
