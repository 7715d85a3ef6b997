/*
 * The floor of hello-world: write and exit_group, one segment of 156 bytes with its headers
 * (assembly.ld). What it takes is what the kernel takes to make a process and to end it.
 */
#include <asm/unistd.h>

    .section .text, "ax", @progbits
    .globl _start
_start:
    movl $__NR_write, %eax
    movl %eax, %edi
    leaq text(%rip), %rsi
    movl $text_end - text, %edx
    syscall
    movl $__NR_exit_group, %eax
    xorl %edi, %edi
    syscall
text:
    .ascii "hello\n"
text_end:

    .section .note.GNU-stack, "", @progbits
