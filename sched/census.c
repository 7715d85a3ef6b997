/*
 * The census of stacks: with KEEL_STACKS=1 a program tells at its end, for each place that spawned
 * tasks, how much of its stack the deepest of them used: what a stack_size must at least be.
 *
 * How it is found out. A task's stack is painted below its runner before the task begins, and when
 * it has ended the lowest byte is looked for that is not as painted (mem/touched.h). To paint all
 * of a stack would take all of its memory: so only what was touched anyway and two pages more is,
 * and of what lies below the kernel says which pages have been touched since. So the number is
 * exact to 8 bytes if the task went no deeper than two pages below what tasks on that stack did
 * before, and else it is rounded up to a page: never too small, unless the task left a gap of its
 * own making unwritten, or the kernel has put pages into swap space. (Rejected: to look for the
 * lowest word that is not 0, which misses arrays of zeros; pages alone, because a stack may be
 * smaller.)
 *
 * It is counted from the stack's top, so the runner's own frames, some hundred bytes, are in it. A
 * child runs on no parent's stack meanwhile (host.c), so that each is seen by itself; what is
 * called at a join is its parent's, as it is otherwise. Tasks that have not ended when the program
 * does are looked at then, with what they have used so far. (They may run, and end just now.)
 */
#include "backtrace/backtrace.h"
#include "backtrace/probe.h"
#include "base/lock.h"
#include "base/output.h"
#include "mem/stack_sizes.h"
#include "mem/touched.h"
#include "sched/unusual.h"

enum { sites_most = 256 };

struct site {
    const void *place;
    size_t promised; /* bytes; tasks of one place that ask for different sizes are different */
    size_t deepest;  /* bytes */
    size_t ended;
    size_t unended;
};

static struct {
    struct lock lock; /* guards what follows */
    struct site sites[sites_most];
    size_t count;
    size_t unlisted; /* tasks of places for which there was no room */
} census;

/* Caller holds the lock. NULL: there is no room. */
static struct site *find_site(const void *place, size_t promised)
{
    for (size_t i = 0; i < census.count; i++) {
        if (census.sites[i].place == place && census.sites[i].promised == promised)
            return &census.sites[i];
    }
    if (census.count == sites_most)
        return NULL;
    struct site *site = &census.sites[census.count++];
    *site = (struct site){.place = place, .promised = promised};
    return site;
}

/* Each task once: one that has ended is no more to be measured, though it may still be there. */
static void note(struct keel_task *task, size_t bytes, bool has_ended)
{
    size_t promised = mem_stack_promise_of(sched_stack_number(task));
    lock_acquire(&census.lock);
    bool is_new = (task->unusual & SCHED_UNUSUAL_MEASURED) != 0;
    struct site *site = is_new ? find_site(task->spawn_site, promised) : NULL;
    if (is_new && has_ended)
        task->unusual ^= SCHED_UNUSUAL_MEASURED;
    if (site == NULL) {
        census.unlisted += is_new;
    } else {
        site->deepest = bytes > site->deepest ? bytes : site->deepest;
        site->ended += has_ended;
        site->unended += !has_ended;
    }
    lock_release(&census.lock);
}

void sched_census_begin(const struct keel_task *task)
{
    struct mem_stack *stack = task->stack;
    mem_touched_paint(stack, mem_touched_lowest(stack->low, (uintptr_t)stack));
}

void sched_census_end(struct keel_task *task)
{
    const struct mem_stack *stack = task->stack;
    uintptr_t at = mem_touched_lowest(stack->low, (uintptr_t)stack);
    if (at >= stack->painted) {
        for (at = stack->painted; mem_touched_is_paint(*(const volatile uint64_t *)at);)
            at += sizeof(uint64_t);
    }
    note(task, (uintptr_t)stack - at, true);
}

/* The task may run, or be gone: what there is to be read is asked for each page. */
static void note_unended(struct keel_task *task, void *data)
{
    const struct mem_stack *stack = task->stack;
    struct probe *probe = data;
    uint64_t word;
    if (stack == NULL || !sched_is_task(task))
        return;
    uintptr_t at = mem_touched_lowest(stack->low, (uintptr_t)stack);
    if (at >= stack->painted) {
        at = stack->painted;
        while (at < (uintptr_t)stack && probe_read(probe, at, sizeof word, &word) &&
               mem_touched_is_paint(word))
            at += sizeof word;
    }
    note(task, (uintptr_t)stack - at, false);
}

/* ---- at exit */

static struct site *take_deepest(void)
{
    struct site *deepest = NULL;
    for (size_t i = 0; i < census.count; i++) {
        struct site *site = &census.sites[i];
        if (site->deepest != 0 && (deepest == NULL || site->deepest > deepest->deepest))
            deepest = site;
    }
    return deepest;
}

static void line_tasks(struct line *line, size_t count, const char *what)
{
    line_number(line, count);
    line_text(line, count == 1 ? " task " : " tasks ");
    line_text(line, what);
}

static void write_site(const struct site *site)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel:   ");
    line_number(&line, site->deepest);
    line_text(&line, " of ");
    line_number(&line, site->promised);
    line_text(&line, " bytes: ");
    if (site->ended > 0)
        line_tasks(&line, site->ended, "ended");
    if (site->ended > 0 && site->unended > 0)
        line_text(&line, ", ");
    if (site->unended > 0)
        line_tasks(&line, site->unended, "not yet");
    line_text(&line, ", spawned at ");
    line_hex(&line, (uintptr_t)site->place);
    backtrace_line_call(&line, site->place);
    line_write(&line, standard_error);
}

/* Others may run on, so what is printed next is taken out under the lock. */
static void write_census(void)
{
    struct probe probe = {0};
    struct line line;
    sched_task_each(note_unended, &probe);
    line_begin(&line);
    line_text(&line, "keel: the deepest use of task stacks, by spawn site:");
    line_write(&line, standard_error);
    for (;;) {
        struct site site = {.deepest = 0};
        lock_acquire(&census.lock);
        struct site *deepest = take_deepest();
        if (deepest != NULL) {
            site = *deepest;
            deepest->deepest = 0;
        }
        lock_release(&census.lock);
        if (site.deepest == 0)
            break;
        write_site(&site);
    }
    if (census.unlisted > 0) {
        line_begin(&line);
        line_text(&line, "keel:   and ");
        line_tasks(&line, census.unlisted, "of other places");
        line_write(&line, standard_error);
    }
}

void sched_census_start(void)
{
    sched.unusual |= SCHED_UNUSUAL_MEASURED;
    sched_main_task.unusual |= SCHED_UNUSUAL_MEASURED;
    keel_at_exit(write_census);
}
