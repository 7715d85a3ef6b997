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
 * does are looked at then, with what they have used so far.
 *
 * Those may run, end just now, and their stacks be unmapped while they are looked at. So nothing of
 * a stack is read by us: the kernel copies it through a pipe, which fails where nothing is any
 * more. What was read is believed if it is like a stack, and if the task is still the same
 * afterwards, on the same stack. Else, and where no pipe can be had, it is not told of. After that
 * the sites are closed, so each is printed once.
 */
#include <asm/fcntl.h>
#include <asm/unistd.h>

#include "backtrace/backtrace.h"
#include "base/lock.h"
#include "base/memory.h"
#include "base/output.h"
#include "mem/touched.h"
#include "sched/packed.h"

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
    bool is_closed;  /* it is being printed: who ends now is not in it */
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

static size_t promised_to(const struct keel_task *task)
{
    return sched_is_packed(task) ? mem_packed_size(sched_packed_number(task))
                                 : mem_stack_promise_of(sched_stack_number(task));
}

/*
 * Each task once: one that has ended is no more to be measured, though it may still be there. What
 * lies on top of a packed stack is of what was promised.
 */
static void note(struct keel_task *task, uintptr_t place, uintptr_t at, bool has_ended)
{
    size_t promised = promised_to(task);
    size_t bytes = place - at + (sched_is_packed(task) ? sizeof(struct mem_stack) : 0);
    lock_acquire(&census.lock);
    bool is_new = !census.is_closed && (task->unusual & SCHED_UNUSUAL_MEASURED) != 0;
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

static void note_now(struct keel_task *task, bool has_ended)
{
    const struct mem_stack *stack = task->stack;
    uintptr_t at = mem_touched_lowest(stack->low, (uintptr_t)stack);
    if (at >= stack->painted) {
        for (at = stack->painted; mem_touched_is_paint(*(const volatile uint64_t *)at);)
            at += sizeof(uint64_t);
    }
    note(task, (uintptr_t)stack, at, has_ended);
}

void sched_census_end(struct keel_task *task)
{
    note_now(task, true);
}

void sched_census_leave(struct keel_task *task)
{
    note_now(task, false);
    task->unusual &= (uint16_t)~SCHED_UNUSUAL_MEASURED;
}

/* ---- at exit */

/* For who reads others' stacks: one thread, at exit. */
struct reader {
    int ends[2]; /* of a pipe */
    uint64_t words[arch_page_size / sizeof(uint64_t)];
};

/* So many bytes, at most a page, into `words`. False: they are not there. */
static __attribute__((noinline)) bool copy(struct reader *reader, uintptr_t from, size_t size)
{
    long written = arch_syscall3(__NR_write, reader->ends[1], (long)from, (long)size);
    return written > 0 &&
           arch_syscall3(__NR_read, reader->ends[0], (long)reader->words, written) == (long)size;
}

/* The lowest word from `at` on, below `high`, that is not paint; `at` if that cannot be told. */
static __attribute__((noinline)) uintptr_t skip_paint(struct reader *reader, uintptr_t at,
                                                      uintptr_t high)
{
    uintptr_t start = at;
    while (at < high) {
        uintptr_t end = round_down(at, arch_page_size) + arch_page_size;
        size_t size = (end < high ? end : high) - at;
        if (!copy(reader, at, size))
            return start;
        for (size_t i = 0; i < size / sizeof(uint64_t); i++, at += sizeof(uint64_t)) {
            if (!mem_touched_is_paint(reader->words[i]))
                return at;
        }
    }
    return at;
}

/* RELAXED: another may change it just now. */
static uintptr_t stack_of(const struct keel_task *task)
{
    return (uintptr_t)atomic_load(&task->stack, RELAXED);
}

/* Whether what lies there is like a stack's. */
static __attribute__((noinline)) bool read_header(struct reader *reader,
                                                  const struct keel_task *task, uintptr_t place,
                                                  struct mem_stack *header)
{
    size_t usable_most = promised_to(task) + mem_stack_slot;
    if (!copy(reader, place, sizeof *header))
        return false;
    memcpy(header, reader->words, sizeof *header);
    return header->low < place && place - header->low <= usable_most &&
           header->painted >= header->low && header->painted < place;
}

static void note_unended(struct keel_task *task, void *data)
{
    struct reader *reader = data;
    struct mem_stack header, later;
    uint64_t id = task->identity.id;
    uintptr_t place = stack_of(task);
    /* RELAXED: a snapshot. Who has a stack may not have begun. */
    if (place == 0 || !sched_is_task(task) ||
        atomic_load(&task->state, RELAXED) == SCHED_TASK_NEW ||
        !read_header(reader, task, place, &header))
        return;
    uintptr_t at = mem_touched_lowest(header.low, place);
    if (at >= header.painted)
        at = skip_paint(reader, header.painted, place);
    /* Not if it began meanwhile, and was painted. RELAXED: another may have recycled it. */
    if (read_header(reader, task, place, &later) && later.painted == header.painted &&
        stack_of(task) == place && atomic_load(&task->identity.id, RELAXED) == id)
        note(task, place, at, false);
}

static void note_all_unended(void)
{
    static struct reader reader; /* not on what may be a small stack */
    if (arch_syscall2(__NR_pipe2, (long)reader.ends, O_CLOEXEC) != 0)
        return;
    /* To what took the place of a closed standard descriptor others may write. */
    if (reader.ends[0] > standard_error && reader.ends[1] > standard_error)
        sched_task_each(note_unended, &reader);
    arch_syscall1(__NR_close, reader.ends[0]);
    arch_syscall1(__NR_close, reader.ends[1]);
}

/* NULL: all have been printed. */
static struct site *take_deepest(void)
{
    struct site *deepest = NULL;
    for (size_t i = 0; i < census.count; i++) {
        struct site *site = &census.sites[i];
        if (site->place != NULL && (deepest == NULL || site->deepest > deepest->deepest))
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

static void write_census(void)
{
    struct line line;
    struct site *site;
    note_all_unended();
    lock_acquire(&census.lock);
    census.is_closed = true;
    lock_release(&census.lock);
    line_begin(&line);
    line_text(&line, "keel: the deepest use of task stacks, by spawn site:");
    line_write(&line, standard_error);
    while ((site = take_deepest()) != NULL) {
        write_site(site);
        site->place = NULL; /* none has that */
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
