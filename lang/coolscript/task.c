#include "base/panic.h"
#include "lang/coolscript/coolscript.h"
#include "mem/stack.h"
#include "sched/sched.h"

static void fill_no_memory(struct line *line, const void *data)
{
    (void)data;
    line_text(line, "cs_spawn: out of memory for a task");
    mem_stack_line_if_many(line);
}

void cs_spawn(cs_task_fn fn, void *data)
{
    if (sched_spawn(fn, data, __builtin_return_address(0)) != 0)
        panic_with(fill_no_memory, NULL);
}
