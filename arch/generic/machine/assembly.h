/*
 * For machines whose assembler knows ELF: the frame of every assembly file. FUNCTION opens one with
 * unwind information in force, END closes it; the file's last line is NO_EXECUTABLE_STACK.
 */
#ifndef KEEL_MACHINE_ASSEMBLY_H
#define KEEL_MACHINE_ASSEMBLY_H

#define FUNCTION(name) FUNCTION_ALIGNED(name, 16)

#define FUNCTION_ALIGNED(name, alignment)                                                          \
    .section .text.name, "ax", @progbits;                                                          \
    .globl name;                                                                                   \
    .hidden name;                                                                                  \
    .type name, @function;                                                                         \
    .balign alignment;                                                                             \
    name:                                                                                          \
    .cfi_startproc

#define END(name)                                                                                  \
    .cfi_endproc;                                                                                  \
    .size name, . - name

#define NO_EXECUTABLE_STACK .section .note.GNU-stack, "", @progbits

#endif
