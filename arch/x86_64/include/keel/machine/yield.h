/*
 * x86-64: what keel_should_yield reads. Installed beside keel/task.h, which inlines it into
 * programs; arch.h says what it must do. The place is that of go_on in base/thread_block.tbl
 * (sched/monitor.c holds them together).
 */
#ifndef KEEL_MACHINE_YIELD_H
#define KEEL_MACHINE_YIELD_H

#include <stdbool.h>

/* The directive is no code: it names the symbol, so that the linker brings the object that has it.
 */
static inline bool keel_machine_must_not_go_on(void)
{
    bool is_zero;
    __asm__ __volatile__(".globl keel_should_yield_monitor\n\t"
                         "cmpl $0, %%fs:0x50"
                         : "=@cce"(is_zero));
    return is_zero;
}

#endif
