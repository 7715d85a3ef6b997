#include "sched/float_control.h"

#include "base/panic.h"

TOUCHED_AT_START struct sched_float_control sched_float_control;

void sched_float_control_note(void)
{
    if (sched_float_control.is_noted)
        return;
    sched_float_control.is_noted = true;
    sched_float_control.program = arch_float_control_rules(arch_float_control_read());
}

void sched_float_control_begin(void)
{
    debug_assert(sched_float_control.is_noted);
    arch_float_control_write(sched_float_control.program);
}

uint64_t sched_float_control_leave(void)
{
    uint64_t own = arch_float_control_read();
    arch_float_control_write(sched_float_control.program);
    return own;
}

void sched_float_control_return(uint64_t own)
{
    arch_float_control_write(own);
}
