/*
 * KEEL_WATCHDOG=1: a thread that is no worker looks every 5 ms at what the workers run. Who has
 * held one for 10 ms without giving anybody else a turn is counted (keel_worker_stats.held_long),
 * and a line on standard error names it; another one when it has done so for ten times as long, and
 * so on.
 *
 * A worker is *held* from one look to the next when it runs the same task, and has neither picked
 * nor looked at its timers since: every park, yield, spawned child that is awaited, and end does. A
 * task in a blocking call holds none.
 *
 * Where it stands. Where a thread that computes is, another one cannot see, and a signal would
 * interrupt the program's own system calls. So the line says what is known: the task's number and
 * name, its worker, for how long, where it was spawned. Of a thread that waits in the kernel there
 * is more, if the kernel shows it (/proc/self/task/<thread>/syscall): in which call, and from which
 * place it was made; that call wants a keel_blocking_begin. Who wants the stack has a debugger.
 *
 * It takes no lock and changes nothing that others read but its counts; so a process that is alone
 * stays alone. What it reads may change meanwhile: it looks again before it writes, and throws away
 * what is no longer so. (A name that the program frees while its task lives may be read after
 * that.)
 *
 * When no worker is awake it sleeps: until the next timer is due, half a second at most, or without
 * end if none is armed; who is outside (idle.c) and makes work wakes it. So a process that is idle
 * and waits for no timer makes no system call.
 */
#include "sched/watchdog.h"

#include <asm/unistd.h>
#include <linux/futex.h>

#include "backtrace/backtrace.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/line.h"
#include "base/memory.h"
#include "base/panic.h"
#include "sched/sched.h"
#include "sched/side.h"

enum {
    look_pause = 5 * 1000 * 1000, /* nanoseconds */
    long_hold = 10 * 1000 * 1000, /* nanoseconds */
    again_after = 10,             /* times as long */
    idle_pause_most = 500 * 1000 * 1000,
    stack_bytes = 64 * 1024, /* reading symbols takes some */
};

/* What a look saw of a worker. */
struct hold {
    const struct task_identity *task; /* NULL: none, or in a blocking call */
    uint64_t id;
    uint64_t progress;
    int64_t since;  /* when it was first seen so */
    int64_t report; /* after how long it is told of next */
};

static struct {
    struct hold holds[sched_worker_most];
    uint32_t awake; /* atomic, a futex: 0 while it sleeps */
    struct thread_block block;
    _Alignas(arch_cache_line) unsigned char stack[stack_bytes];
} watchdog;

const char keel_watchdog;

static struct hold see(struct sched_worker *worker)
{
    /* RELAXED: hints, that are compared with themselves. */
    const struct thread_block *block = atomic_load(&worker->block, RELAXED);
    const struct task_identity *task = atomic_load(&block->task, RELAXED);
    if (task == NULL || atomic_load(&block->blocking, RELAXED) != NULL)
        return (struct hold){.task = NULL};
    return (struct hold){
        .task = task,
        .id = task->id,
        .progress = (uint64_t)atomic_load(&worker->looks.turn, RELAXED) << 32 |
                    atomic_load(&worker->pick_count, RELAXED),
    };
}

static bool is_same(const struct hold *one, const struct hold *other)
{
    return one->task == other->task && one->id == other->id && one->progress == other->progress;
}

/* ---- the line */

static uint64_t parse_hex(const char *digits)
{
    uint64_t number = 0;
    for (; *digits != '\0' && *digits != '\n'; digits++)
        number = number * 16 + (uint64_t)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
    return number;
}

/*
 * What the kernel says: "running", or the number of the call, its arguments, stack pointer and
 * place, the last behind "0x".
 */
static void line_doing(struct line *line, struct sched_worker *worker)
{
    char text[256];
    struct line path;
    line_begin(&path);
    line_text(&path, "/proc/self/task/");
    line_signed(&path, sched_place_thread(worker));
    line_text(&path, "/syscall");
    line_bytes(&path, "", 1);
    if (!file_read_text(path.text, text, sizeof text))
        return;
    if (text[0] < '0' || text[0] > '9') {
        line_text(line, text[0] == 'r' ? ": it computes" : "");
        return;
    }
    size_t digits = 0, last = 0;
    while (text[digits] >= '0' && text[digits] <= '9')
        digits++;
    for (size_t i = 0; text[i] != '\0'; i++)
        last = text[i] == 'x' ? i + 1 : last;
    line_text(line, ": it waits in system call ");
    line_bytes(line, text, digits);
    if (last == 0)
        return;
    uint64_t place = parse_hex(text + last);
    line_text(line, " at ");
    line_hex(line, place);
    backtrace_line_call(line, (const void *)(uintptr_t)place);
}

static void line_hold(struct line *line, struct sched_worker *worker, const struct hold *hold,
                      int64_t time)
{
    const struct keel_task *task = container_of(hold->task, struct keel_task, identity);
    line_begin(line);
    line_text(line, "keel: watchdog: ");
    line_task(line, hold->task);
    line_text(line, " has held worker ");
    line_number(line, worker->index);
    line_text(line, " for ");
    line_number(line, (uint64_t)time / (1000 * 1000));
    line_text(line, " ms");
    line_doing(line, worker);
    if (task->spawn_site == NULL)
        return;
    line_text(line, ", spawned at ");
    line_hex(line, (uintptr_t)task->spawn_site);
    backtrace_line_call(line, task->spawn_site);
}

/* ---- looking */

static void tell(struct sched_worker *worker, struct hold *hold, int64_t time)
{
    struct line line;
    line_hold(&line, worker, hold, time);
    struct hold now = see(worker);
    if (!is_same(&now, hold))
        return;
    line_write(&line, standard_error);
    if (hold->report == long_hold)
        sched_count(&worker->counts.held_long);
    hold->report *= again_after;
}

static void look(struct sched_worker *worker)
{
    struct hold *hold = &watchdog.holds[worker->index];
    struct hold now = see(worker);
    if (now.task == NULL || !is_same(&now, hold)) {
        *hold = now;
        hold->since = clock_now();
        hold->report = long_hold;
        return;
    }
    int64_t time = clock_now() - hold->since;
    if (time >= hold->report)
        tell(worker, hold, time);
}

/*
 * Nobody is awake, as it looks. A worker that wakes before its time (none does, but by a wake from
 * who was outside) is seen some time later.
 */
static void sleep(void)
{
    int64_t next = sched_timers_next();
    int64_t pause = next == CLOCK_FOREVER ? CLOCK_FOREVER : next - clock_now();
    if (pause <= 0 || (pause > idle_pause_most && pause != CLOCK_FOREVER))
        pause = pause <= 0 ? look_pause : idle_pause_most;
    atomic_store(&watchdog.awake, 0, RELAXED);   /* RELAXED: the fence orders it */
    atomic_fence(SEQ_CST);                       /* SEQ_CST: with the one in sched_watchdog_wake */
    if (atomic_load(&sched.awake, RELAXED) == 0) /* RELAXED: ordered by the fence */
        sched_side_rest(&watchdog.awake, 0, pause);
    atomic_store(&watchdog.awake, 1, RELAXED); /* RELAXED: our own word */
}

static _Noreturn void watchdog_begin(void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t nobody_wakes = 0;
        sched_side_rest(&nobody_wakes, 0, look_pause);
        /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
        uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
        for (uint32_t i = 0; i < count; i++)
            look(sched.workers[i]);
        if (atomic_load(&sched.awake, RELAXED) == 0) /* RELAXED: a hint */
            sleep();
    }
}

void sched_watchdog_wake(void)
{
    if (likely(sched_option_watchdog == 0))
        return;
    atomic_fence(SEQ_CST); /* SEQ_CST: with the one in sleep */
    /* RELAXED: ordered by the fence. */
    if (atomic_exchange(&watchdog.awake, 1, RELAXED) == 0)
        arch_syscall3(__NR_futex, (long)&watchdog.awake, FUTEX_WAKE_PRIVATE, 1);
}

void sched_hook_wakes(void)
{
    sched_watchdog_wake();
}

void sched_hook_watchdog_start(void)
{
    if (sched_option_watchdog == 0)
        return;
    atomic_store(&watchdog.awake, 1, RELAXED); /* RELAXED: the clone orders it */
    sched_side_make(&watchdog.block, watchdog.stack + stack_bytes, NULL, NULL, watchdog_begin);
}
