/* Blocks in the way that its first argument names. A way that takes too long has hung. */
#include <asm/unistd.h>

#include "keel/task.h"
#include "tests/sched/blocked.h"
#include "tests/sched/held.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { standard_output = 1, main_status = 3, task_status = 9 };

static int32_t ends[2];
static uint32_t begun; /* atomic */

static void open_pipe(void)
{
    arch_syscall2(__NR_pipe2, (long)ends, 0);
}

/* Nobody ever writes. */
static void block_for_ever(void *arg)
{
    char byte;
    (void)arg;
    keel_blocking_begin();
    arrive(&begun);
    arch_syscall3(__NR_read, ends[0], (long)&byte, 1);
    keel_blocking_end();
}

static void print(const char *text)
{
    struct line line;
    line_begin(&line);
    line_text(&line, text);
    line_write(&line, standard_output);
}

static void say_end(void)
{
    keel_sleep(2 * MILLISECOND);
    print("exit function");
}

/* Some wait until others end, too: calls are lent on, offered, and held back by the limit. */
static int exit_beside(void)
{
    enum { tasks = 12 };
    open_pipe();
    keel_at_exit(say_end);
    for (int i = 0; i < tasks; i++)
        keel_spawn(block_for_ever, NULL);
    yield_until(&begun, 1);
    return main_status;
}

static void exit_inside(void *arg)
{
    (void)arg;
    keel_at_exit(say_end);
    keel_blocking_begin();
    keel_exit(task_status);
}

static int exit_within(void)
{
    keel_spawn(exit_inside, NULL);
    keel_sleep(KEEL_FOREVER);
    return main_status;
}

/* The same when the worker was lent on. */
static void exit_late(void *arg)
{
    char byte = 0;
    (void)arg;
    keel_at_exit(say_end);
    keel_blocking_begin();
    arch_syscall3(__NR_read, ends[0], (long)&byte, 1);
    keel_exit(task_status);
}

static int exit_after(void)
{
    open_pipe();
    keel_spawn(exit_late, NULL);
    keel_sleep(10 * MILLISECOND);
    arch_syscall3(__NR_write, ends[1], (long)"x", 1);
    keel_sleep(KEEL_FOREVER);
    return main_status;
}

/*
 * As many as there are workers, with main: nobody gives one back. Exit functions park. The calls
 * end when all of them compute: else one of them might take the worker that exits.
 */
static uint32_t hogs; /* atomic */

static void hog_for_ever(void *arg)
{
    (void)arg;
    arrive(&hogs);
    for (;;)
        arch_pause();
}

static void exit_soon(void *arg)
{
    char byte = 0;
    (void)arg;
    keel_blocking_begin();
    arrive(&begun);
    arch_syscall3(__NR_read, ends[0], (long)&byte, 1);
    keel_exit(task_status);
}

static int exit_hogged(void)
{
    enum { exits = 2 };
    open_pipe();
    keel_at_exit(say_end);
    for (int i = 0; i < exits; i++)
        keel_spawn(exit_soon, NULL);
    yield_until(&begun, exits);
    for (unsigned i = 1; i < keel_worker_count(); i++)
        keel_spawn(hog_for_ever, NULL);
    spin_until(&hogs, keel_worker_count() - 1);
    arch_syscall3(__NR_write, ends[1], (long)"xx", exits);
    hog_for_ever(NULL);
    return main_status;
}

/* Everybody waits for the call: no deadlock. Then it is over, and its task ends: one. */
static void block_a_while(void *arg)
{
    block_in_kernel((intptr_t)arg * MILLISECOND);
    print("the call is over");
}

static int deadlock_after(void)
{
    keel_spawn(block_a_while, (void *)50);
    keel_sleep(KEEL_FOREVER);
    return main_status;
}

static void begin_only(void *arg)
{
    (void)arg;
    keel_blocking_begin();
}

static int never_ended(void)
{
    keel_spawn(begin_only, NULL);
    keel_sleep(KEEL_FOREVER);
    return main_status;
}

static void *begin_hosted(void *arg)
{
    keel_blocking_begin();
    return arg;
}

static int never_ended_hosted(void)
{
    keel_task_await(keel_task_create(begin_hosted, NULL, NULL), NULL);
    return main_status;
}

static int never_begun(void)
{
    keel_blocking_end();
    return main_status;
}

/* ---- for the watchdog */

static void compute(int64_t time)
{
    int64_t end = keel_now() + time;
    while (keel_now() < end)
        arch_pause();
}

static void compute_a_little(void)
{
    compute(MILLISECOND);
}

/* Until it is seen, and for so many milliseconds after that. */
static void hog(void *arg)
{
    keel_task_set_name(NULL, "hog");
    hold_until_seen(compute_a_little);
    compute((intptr_t)arg * MILLISECOND);
    keel_exit(main_status);
}

static int computes(void)
{
    keel_spawn(hog, (void *)0);
    keel_sleep(KEEL_FOREVER);
    return task_status;
}

static int computes_on(void)
{
    keel_spawn(hog, (void *)500);
    keel_sleep(KEEL_FOREVER);
    return task_status;
}

static void unseen_hog(void *arg)
{
    (void)arg;
    compute(200 * MILLISECOND);
    keel_exit(main_status);
}

static int computes_unseen(void)
{
    keel_spawn(unseen_hog, NULL);
    keel_sleep(KEEL_FOREVER);
    return task_status;
}

static void rest_a_little(void)
{
    rest_in_kernel(300 * MILLISECOND);
}

static void sleeper(void *arg)
{
    (void)arg;
    keel_task_set_name(NULL, "sleeper");
    hold_until_seen(rest_a_little);
    keel_exit(main_status);
}

static int waits(void)
{
    keel_spawn(sleeper, NULL);
    keel_sleep(KEEL_FOREVER);
    return task_status;
}

/* How many holds are told of, of one of two milliseconds that the machine does not lengthen. */
static uint64_t hold_shortly(void)
{
    int64_t end = keel_now() + meeting_patience;
    for (;;) {
        uint64_t before = held_long();
        int64_t begin = keel_now();
        compute(2 * MILLISECOND);
        keel_yield();
        if (keel_now() < begin + 5 * MILLISECOND || keel_now() > end)
            return held_long() - before;
    }
}

/* How many, of one that lasts for some looks more. */
static uint64_t hold_on(void)
{
    uint64_t seen = hold_until_seen(compute_a_little);
    uint64_t before = held_long();
    compute(20 * MILLISECOND);
    return seen + held_long() - before;
}

static void print_number(uint64_t number)
{
    struct line line;
    line_begin(&line);
    line_number(&line, number);
    line_write(&line, standard_output);
}

static void begin_blocked(void)
{
    open_pipe();
    keel_spawn(block_for_ever, NULL);
    yield_until(&begun, 1);
}

/* Main holds its worker twice for long, and once for less. */
static int counts(void)
{
    begin_blocked();
    keel_yield();
    uint64_t times = hold_on();
    keel_yield();
    times += hold_shortly();
    times += hold_on();
    print_number(times);
    return main_status;
}

static int counts_none(void)
{
    begin_blocked();
    compute(40 * MILLISECOND);
    print_number(held_long());
    return main_status;
}

/*
 * Nobody holds a worker: main yields in time, though nobody else is ready, and the other one
 * blocks. But for times when the machine held main up.
 */
static int holds_none(void)
{
    begin_blocked();
    keel_yield();
    uint64_t before = held_long(), held_up = 0;
    int64_t last = keel_now();
    for (int64_t end = last + 200 * MILLISECOND; last < end;) {
        compute_a_little();
        keel_yield();
        int64_t now = keel_now();
        held_up += now - last >= 5 * MILLISECOND;
        last = now;
    }
    print(held_long() - before <= held_up ? "nobody is told of" : "somebody is told of");
    return main_status;
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {
        {"exit-beside", exit_beside},
        {"exit-within", exit_within},
        {"exit-after", exit_after},
        {"exit-hogged", exit_hogged},
        {"deadlock-after", deadlock_after},
        {"never-ended", never_ended},
        {"never-ended-hosted", never_ended_hosted},
        {"never-begun", never_begun},
        {"computes", computes},
        {"computes-on", computes_on},
        {"computes-unseen", computes_unseen},
        {"waits", waits},
        {"counts", counts},
        {"counts-none", counts_none},
        {"holds-none", holds_none},
    };
    return GO_THE_WAY(ways, argc, argv);
}
