/*
 * Called by _start in boot_start's place (tools/coverage-cc sees to that), on which it jumps when
 * the files are mapped: so nobody who walks the stack sees that it was here.
 */
    .section .text.coverage_start, "ax", @progbits
    .globl coverage_start
    .hidden coverage_start
    .type coverage_start, @function
coverage_start: /* which keeps the arguments, and aligns the stack by their number */
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    call coverage_share
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    jmp boot_start
    .size coverage_start, . - coverage_start
    .section .note.GNU-stack, "", @progbits
