#include "base/panic.h"
#include "lang/coolscript/coolscript.h"
#include "sched/sched.h"

void cs_spawn(cs_task_fn func, void *data)
{
    if (sched_spawn(func, data, __builtin_return_address(0)) != 0)
        panic("cs_spawn: out of memory for a task");
}
