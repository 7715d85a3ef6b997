/* By itself, because only the debug archive's tasks come here. */
#include "base/panic.h"
#include "sched/float_control.h"

void sched_float_control_check(const struct keel_task *task, const char *what, const void *where)
{
    uint64_t control = arch_float_control_rules(arch_float_control_read());
    /* Until the program's is noted, main may still change it. */
    if (likely(control == sched_float_control.program || !sched_float_control.is_noted))
        return;
    struct line line;
    panic_begin(&line);
    line_task(&line, &task->identity);
    line_text(&line, " changed the floating-point control registers from ");
    line_hex(&line, sched_float_control.program);
    line_text(&line, " to ");
    line_hex(&line, control);
    line_text(&line, " and ");
    line_text(&line, what);
    line_text(&line, ", without KEEL_TASK_FP_CONTROL");
    panic_end_at(&line, where);
}
