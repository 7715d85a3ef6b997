#include "base/panic.h"
#include "lang/coolscript/coolscript.h"
#include "mem/stack.h"
#include "sched/sched.h"

static _Noreturn void refuse(const void *where)
{
    struct line line;
    panic_begin(&line);
    line_text(&line, "cs_spawn: out of memory for a task");
    mem_stack_line_if_many(&line);
    panic_end_at(&line, where);
}

void cs_spawn(cs_task_fn fn, void *data)
{
    if (sched_spawn(fn, data, __builtin_return_address(0)) != 0)
        refuse(__builtin_return_address(0));
}
