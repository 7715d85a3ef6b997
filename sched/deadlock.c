/*
 * The report of a deadlock: every task waits, and nothing is left that could wake one. Tasks are
 * grouped by the place that spawned them and the reason for which they wait. Of each group's first
 * task the calls are shown from which it waits, the innermost few that are not our own; in a
 * program without names, the innermost ones.
 */
#include "backtrace/backtrace.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/panic.h"
#include "base/process.h"
#include "machine/context.h"
#include "sched/shelve.h"
#include "sched/unusual.h"

static const char *const reason_texts[] = {
#define WAIT_REASON(name, text, waker) [name] = text,
#include "sched/wait_reason.tbl"
#undef WAIT_REASON
};

enum { groups_most = 64, deadlock_status = 2 };

struct group {
    const struct keel_task *first;
    size_t count;
};

struct report {
    struct group groups[groups_most];
    size_t group_count;
    size_t waiting;
    size_t ungrouped;
};

static void add_to_report(struct keel_task *task, void *data)
{
    struct report *report = data;
    uint8_t state = atomic_load(&task->state, RELAXED); /* RELAXED: nobody runs any more */
    if (state != SCHED_TASK_PARKED && state != SCHED_TASK_HOSTING)
        return;
    report->waiting++;
    for (size_t i = 0; i < report->group_count; i++) {
        struct group *group = &report->groups[i];
        if (group->first->spawn_site == task->spawn_site &&
            group->first->wait_reason == task->wait_reason) {
            group->count++;
            return;
        }
    }
    if (report->group_count == groups_most)
        report->ungrouped++;
    else
        report->groups[report->group_count++] = (struct group){.first = task, .count = 1};
}

/* ---- where a task waits */

enum { calls_shown = 3, calls_shown_unnamed = 8 };

struct calls {
    unsigned hosted; /* so many tasks run above this one on its stack */
    unsigned passed; /* the switch's, and other calls of the library */
    unsigned shown;
};

/* By its name: an image need not have it. */
static bool is_hosting(const struct backtrace_symbol *symbol)
{
    static const char name[] = "sched_host";
    return symbol->is_own && strlen(symbol->function) == sizeof name - 1 &&
           memcmp(symbol->function, name, sizeof name) == 0;
}

/* What has no name could be anybody's. */
static bool write_call(const struct backtrace_frame *frame, void *data)
{
    struct calls *calls = data;
    struct backtrace_symbol symbol;
    bool named = backtrace_symbolize(frame->pc - 1, &symbol) && symbol.function != NULL;
    if (named && frame->pc - 1 - symbol.offset == (uintptr_t)sched_runner)
        return false;
    bool is_own = calls->hosted > 0 || calls->passed == 0 || (named && symbol.is_own);
    calls->hosted -= calls->hosted > 0 && named && is_hosting(&symbol);
    calls->passed += is_own;
    if (is_own)
        return calls->shown == 0;
    struct line line;
    line_begin(&line);
    line_text(&line, "keel:     at ");
    line_hex(&line, frame->pc);
    backtrace_line_call(&line, (const void *)frame->pc);
    line_write(&line, standard_error);
    return ++calls->shown < (named ? calls_shown : calls_shown_unnamed);
}

/* One that hosts another waits below that one, on the same stack; a thread, in the kernel. */
static void write_calls(const struct keel_task *task)
{
    struct calls calls = {.shown = 0};
    struct arch_registers registers = {.value = {0}};
    /* RELAXED: nobody runs any more. */
    for (; atomic_load(&task->state, RELAXED) == SCHED_TASK_HOSTING; task = task->wait_object)
        calls.hosted++;
    /* RELAXED: as above. */
    if (atomic_load(&task->state, RELAXED) != SCHED_TASK_PARKED)
        return;
    const void *context = sched_is_packed(task) && (task->unusual & SCHED_UNUSUAL_THREAD) == 0
                              ? task->stack->packed.context
                              : task->context;
    if (context == NULL)
        return;
    if (sched_may_be_shelved(task))
        sched_shelving()->show(task);
    arch_registers_from_context(&registers, context);
    backtrace_walk(&registers, false, write_call, &calls);
}

/* ---- groups */

struct sought {
    const void *address;
    const struct keel_task *task; /* whose descriptor it is; NULL: nobody's */
};

static void compare(struct keel_task *task, void *data)
{
    struct sought *sought = data;
    if (task == sought->address)
        sought->task = task;
}

static void line_object(struct line *line, const void *object)
{
    struct sought sought = {.address = object};
    sched_task_each(compare, &sought);
    if (sought.task == NULL) {
        line_text(line, " ");
        line_hex(line, (uintptr_t)object);
        return;
    }
    line_text(line, " (");
    line_task(line, &sought.task->identity);
    line_text(line, ")");
}

static void write_group(const struct group *group)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel:   ");
    line_task(&line, &group->first->identity);
    if (group->count > 1) {
        line_text(&line, " and ");
        line_number(&line, group->count - 1);
        line_text(&line, group->count > 2 ? " others" : " other");
    }
    line_text(&line, ": ");
    line_text(&line, reason_texts[group->first->wait_reason]);
    if (group->first->wait_object != NULL)
        line_object(&line, group->first->wait_object);
    if (group->first->spawn_site != NULL) {
        line_text(&line, ", spawned at ");
        line_hex(&line, (uintptr_t)group->first->spawn_site);
        backtrace_line_call(&line, group->first->spawn_site);
    }
    line_write(&line, standard_error);
    write_calls(group->first);
}

_Noreturn void sched_deadlock(void)
{
    process_claim_end();
    struct report report = {.group_count = 0};
    struct line line;
    output_ignore_closed_pipes();
    sched_task_each(add_to_report, &report);
    line_begin(&line);
    if (sched_anyone_starved() || sched.resting != 0) {
        line_text(&line,
                  "keel: no memory for a task stack: tasks wait for one, and all others wait");
        mem_stack_line(&line);
    } else {
        line_text(&line, "keel: deadlock: all tasks are asleep (");
        line_number(&line, report.waiting);
        line_text(&line, ")");
    }
    line_write(&line, standard_error);
    for (size_t i = 0; i < report.group_count; i++)
        write_group(&report.groups[i]);
    if (report.ungrouped > 0) {
        line_text(&line, "keel:   and ");
        line_number(&line, report.ungrouped);
        line_text(&line, " more");
        line_write(&line, standard_error);
    }
    process_end(deadlock_status);
}
