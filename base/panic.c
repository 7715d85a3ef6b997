#include "base/panic.h"

#include "base/output.h"
#include "base/process.h"
#include "base/thread_block.h"

enum { panic_status = 2 };

void line_task(struct line *line, const void *task_identity)
{
    const struct task_identity *task = task_identity;
    if (task == NULL) {
        line_text(line, "no task");
        return;
    }
    line_text(line, task->id >> 63 == 0 ? "task " : "foreign thread ");
    line_number(line, task->id << 1 >> 1);
    if (task->name != NULL) {
        line_text(line, " \"");
        line_text(line, task->name);
        line_text(line, "\"");
    }
}

void panic_begin(struct line *line)
{
    line_begin(line);
    line_text(line, "keel: panic: ");
}

__attribute__((weak)) void panic_hook_trace(const void *from)
{
    (void)from;
}

_Noreturn void panic_end_from(struct line *line, const void *where, const void *from)
{
    process_claim_end();
    line_text(line, " (");
    line_task(line, thread_block()->task);
    line_text(line, ", at ");
    line_hex(line, (uintptr_t)where);
    line_text(line, ")");
    output_ignore_closed_pipes();
    line_write(line, standard_error);
    panic_hook_trace(from);
    process_end(panic_status);
}

_Noreturn void panic_end_at(struct line *line, const void *where)
{
    panic_end_from(line, where, __builtin_return_address(0));
}

_Noreturn void panic_at(const char *message, const void *where)
{
    struct line line;
    panic_begin(&line);
    line_text(&line, message);
    panic_end_from(&line, where, __builtin_return_address(0));
}

_Noreturn void panic_assertion(const char *condition, const char *function)
{
    struct line line;
    panic_begin(&line);
    line_text(&line, "assertion failed in ");
    line_text(&line, function);
    line_text(&line, ": ");
    line_text(&line, condition);
    panic_end_from(&line, __builtin_return_address(0), __builtin_return_address(0));
}
