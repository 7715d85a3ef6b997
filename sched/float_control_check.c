/* By itself, because only the debug archive's tasks come here. */
#include "base/panic.h"
#include "sched/float_control.h"

struct change {
    const struct keel_task *task;
    const char *what;
    uint64_t control;
};

static void fill_change(struct line *line, const void *data)
{
    const struct change *change = data;
    line_task(line, &change->task->identity);
    line_text(line, " changed the floating-point control registers from ");
    line_hex(line, sched_float_control.program);
    line_text(line, " to ");
    line_hex(line, change->control);
    line_text(line, " and ");
    line_text(line, change->what);
    line_text(line, ", without KEEL_TASK_FP_CONTROL");
}

void sched_float_control_check(const struct keel_task *task, const char *what, const void *where)
{
    uint64_t control = arch_float_control_rules(arch_float_control_read());
    /* Until the program's is noted, main may still change it. */
    if (likely(control == sched_float_control.program || !sched_float_control.is_noted))
        return;
    struct change change = {task, what, control};
    panic_with_at(fill_change, &change, where);
}
