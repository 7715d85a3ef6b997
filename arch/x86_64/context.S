/*
 * The switch.
 *
 * A call preserves rbx, rbp and r12 ... r15, so these and the return address are all that a switch
 * has to keep: six pushes below the return address, in the order of context.tbl. The stack pointer
 * is then the whole context.
 *
 * Unwind information holds at every instruction: until rsp is replaced, the pushes are described
 * one by one. After it is replaced, the frame is the target's, which was saved by the same pushes
 * and so is described by the same rules: nothing changes for an unwinder but the stack it walks. A
 * context is only ever left by SAVE, so the layout at the load is the layout at the store.
 */
#include "machine/assembly.h"

.set context_offset, 0
#define CONTEXT_FIELD(name)                                                                        \
    .set CONTEXT_##name, context_offset;                                                           \
    .set context_offset, context_offset + 8
#include "context.tbl"
#undef CONTEXT_FIELD
.set CONTEXT_SIZE, context_offset

/* The pushes are written out, so the table is held against them here. */
.if CONTEXT_rbp != 0 || CONTEXT_rbx != 8 || CONTEXT_r12 != 16 || CONTEXT_r13 != 24
.error "context.tbl does not match the pushes of SAVE"
.endif
.if CONTEXT_r14 != 32 || CONTEXT_r15 != 40 || CONTEXT_rip != 48 || CONTEXT_SIZE != 56
.error "context.tbl does not match the pushes of SAVE"
.endif

.macro PUSH register
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
.endm

.macro POP register
    popq %\register
    .cfi_adjust_cfa_offset -8
    .cfi_restore \register
.endm

.macro SAVE
    PUSH r15
    PUSH r14
    PUSH r13
    PUSH r12
    PUSH rbx
    PUSH rbp
    movq %rsp, (%rdi)
.endm

/* rdi: where to save; rsi: the saved stack pointer to continue. */
FUNCTION(arch_context_switch)
    SAVE
    movq %rsi, %rsp
    POP rbp
    POP rbx
    POP r12
    POP r13
    POP r14
    POP r15
    ret
END(arch_context_switch)

/* rdi: where to save; rsi: top of the fresh stack; rdx: entry; rcx: its argument. */
FUNCTION(arch_context_start)
    SAVE
    movq %rsi, %rsp
    /* Nothing lies above the fresh stack: the walk ends here, by rule and by frame pointer. */
    .cfi_def_cfa rsp, 8
    .cfi_undefined rip
    .cfi_same_value rbx
    .cfi_same_value rbp
    .cfi_same_value r12
    .cfi_same_value r13
    .cfi_same_value r14
    .cfi_same_value r15
    xorl %ebp, %ebp
    movq %rcx, %rdi
    call *%rdx
    ud2
END(arch_context_start)

NO_EXECUTABLE_STACK
