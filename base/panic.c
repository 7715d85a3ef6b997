#include "base/panic.h"

#include "base/deep.h"
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

__attribute__((weak)) void deep_hook_call(void (*fn)(void *), void *arg)
{
    fn(arg);
}

__attribute__((weak)) void panic_hook_trace(const void *from)
{
    (void)from;
}

struct words {
    panic_fill *fill;
    const void *data;
    const void *where;
    const void *from;
};

static void say(void *data)
{
    const struct words *words = data;
    struct line line;
    process_claim_end();
    line_begin(&line);
    line_text(&line, "keel: panic: ");
    words->fill(&line, words->data);
    line_text(&line, " (");
    line_task(&line, thread_block()->task);
    line_text(&line, ", at ");
    line_hex(&line, (uintptr_t)words->where);
    line_text(&line, ")");
    output_ignore_closed_pipes();
    line_write(&line, standard_error);
    panic_hook_trace(words->from);
    process_end(panic_status);
}

_Noreturn void panic_with_from(panic_fill *fill, const void *data, const void *where,
                               const void *from)
{
    struct words words = {fill, data, where, from};
    deep_hook_call(say, &words);
    arch_trap(); /* nobody comes here */
}

_Noreturn void panic_with_at(panic_fill *fill, const void *data, const void *where)
{
    panic_with_from(fill, data, where, __builtin_return_address(0));
}

static void fill_text(struct line *line, const void *message)
{
    line_text(line, message);
}

_Noreturn void panic_at(const char *message, const void *where)
{
    panic_with_from(fill_text, message, where, __builtin_return_address(0));
}

static void fill_assertion(struct line *line, const void *data)
{
    const char *const *texts = data;
    line_text(line, "assertion failed in ");
    line_text(line, texts[0]);
    line_text(line, ": ");
    line_text(line, texts[1]);
}

_Noreturn void panic_assertion(const char *condition, const char *function)
{
    const char *const texts[] = {function, condition};
    panic_with_from(fill_assertion, texts, __builtin_return_address(0),
                    __builtin_return_address(0));
}
