/*
 * The end of the process at a random moment: main returns, or one or several tasks call keel_exit,
 * while others run, spawn, park, sleep and print. The status must be the one of the caller that ran
 * the exit functions; these run once each, last registered first, even when they park; prints are
 * not torn; and the process ends, and not by a signal.
 *
 * Each scene is a process of its own, forked before the runtime has made anything. It tells its
 * parent what it meant to do through a shared page, and prints into a pipe.
 */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "arch/arch.h"
#include "runtime.h"
#include "tests/stress/stress.h"

enum { scenes = 16, exiters_most = 4, ballast_most = 12, functions_most = 70, letters = 5 };
enum { longest_line = 6000, no_status = -1 };

/* What the child tells its parent. */
struct record {
    int64_t status;         /* of the caller that got to run the exit functions; no_status: none */
    uint64_t functions;     /* how many were registered */
    uint64_t functions_run; /* atomic */
    uint64_t out_of_order;  /* functions that did not run in their turn */
};

static struct record *record;
static keel_chan *never; /* nobody sends to it, nobody closes it */

/* ---- exit functions */

/* Who called keel_exit, or returned from main, with what. Filled in just before. */
static struct caller {
    keel_task *task;
    int64_t status;
} callers[exiters_most + 1];

static void note_run(bool in_turn)
{
    /* RELAXED: the functions run one after the other, and the parent reads after the end. */
    atomic_fetch_add(&record->functions_run, 1u, RELAXED);
    record->out_of_order += !in_turn;
}

/* Registered last, so it runs first: notes whose status must come out. */
static void run_first(void)
{
    note_run(record->functions_run == 0);
    for (unsigned i = 0; i <= exiters_most; i++) {
        if (callers[i].task == keel_task_self())
            record->status = callers[i].status;
    }
}

static void run_between(void)
{
    note_run(record->functions_run > 0 && record->functions_run < record->functions - 1);
}

static void run_parking(void)
{
    run_between();
    keel_sleep(200 * stress_microsecond);
}

static void *print_once(void *arg)
{
    cs_print_str((cs_string_t){"a\n", 2});
    return arg;
}

/* Spawns, awaits, and prints, while others do. */
static void run_awaiting(void)
{
    run_between();
    print_once(NULL);
    stress_await(stress_create(print_once, NULL));
}

/* The status of an exit function that exits counts. */
static void run_exiting(void)
{
    run_between();
    record->status = (record->status + 100) % 256;
    keel_exit((int)record->status);
}

static void run_last(void)
{
    note_run(record->functions_run == record->functions - 1);
}

static void register_function(void (*fn)(void))
{
    stress_equal((uint64_t)keel_at_exit(fn), 0, "status of at_exit");
    record->functions++;
}

static void register_functions(struct stress_random *random)
{
    register_function(run_last);
    uint64_t count = stress_below(random, functions_most);
    bool exits = stress_below(random, 4) == 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t kind = stress_below(random, 16);
        register_function(exits && i == count / 2 ? run_exiting
                          : kind == 0             ? run_parking
                          : kind == 1             ? run_awaiting
                                                  : run_between);
    }
    register_function(run_first);
}

/* ---- what goes on when the end comes */

static char lines[letters][longest_line + 1];

static size_t line_length(size_t letter)
{
    static const size_t lengths[letters] = {1, 20, 300, 4095, longest_line};
    return lengths[letter];
}

static void prepare_lines(void)
{
    for (size_t letter = 0; letter < letters; letter++) {
        for (size_t i = 0; i < line_length(letter); i++)
            lines[letter][i] = (char)('a' + letter);
        lines[letter][line_length(letter)] = '\n';
    }
}

static void print_on(void *arg)
{
    struct stress_random *random = arg;
    for (;;) {
        size_t letter = stress_below(random, letters);
        cs_print_str((cs_string_t){lines[letter], (int64_t)line_length(letter) + 1});
        stress_pause(random);
        keel_yield();
    }
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void spawn_on(void *arg)
{
    struct stress_random *random = arg;
    for (;;) {
        for (uint64_t i = stress_below(random, 10); i > 0; i--)
            stress_equal((uint64_t)keel_spawn(do_nothing, NULL), 0, "status of a spawn");
        stress_pause(random);
        keel_yield();
    }
}

static void sleep_on(void *arg)
{
    struct stress_random *random = arg;
    for (;;)
        keel_sleep((int64_t)stress_below(random, 300 * stress_microsecond));
}

static void pause_on(void *arg)
{
    for (;;) {
        stress_pause(arg);
        keel_yield();
    }
}

static void park_for_ever(void *arg)
{
    (void)arg;
    uint64_t number;
    stress_fail("an element from a channel that nobody sends to", keel_chan_receive(never, &number),
                2);
}

static void *return_at_once(void *arg)
{
    return arg;
}

static void await_on(void *arg)
{
    for (;;) {
        stress_await(stress_create(return_at_once, NULL));
        stress_pause(arg);
        keel_yield();
    }
}

static void wait_for_all(void *arg)
{
    (void)arg;
    keel_wait_all();
    stress_fail("keel_wait_all while main waits for something else", 0, 0);
}

static void look_for_stuck(void *arg)
{
    uint64_t ids[4];
    for (;;) {
        keel_stuck_tasks(ids, 4);
        stress_pause(arg);
        keel_yield();
    }
}

static void spawn_ballast(struct stress_random *random)
{
    static void (*const kinds[])(void *) = {print_on,     print_on,      spawn_on,      sleep_on,
                                            pause_on,     await_on,      park_for_ever, do_nothing,
                                            wait_for_all, look_for_stuck};
    static struct stress_random sequences[ballast_most];
    for (uint64_t i = stress_below(random, ballast_most); i > 0; i--) {
        sequences[i] = (struct stress_random){stress_next(random)};
        void (*kind)(void *) = kinds[stress_below(random, sizeof kinds / sizeof kinds[0])];
        stress_equal((uint64_t)keel_spawn(kind, &sequences[i]), 0, "status of a spawn");
    }
}

/* ---- the end */

struct exiter {
    struct stress_random random;
    struct caller *caller;
};

/* Up to a few milliseconds; each turn lets others run. */
static void linger(struct stress_random *random)
{
    for (uint64_t i = stress_below(random, 40); i > 0; i--) {
        stress_pause(random);
        keel_yield();
    }
}

static int announce_exit(struct exiter *exiter)
{
    exiter->caller->task = keel_task_self();
    exiter->caller->status = (int64_t)stress_below(&exiter->random, 256);
    return (int)exiter->caller->status;
}

static void exit_soon(void *arg)
{
    struct exiter *exiter = arg;
    linger(&exiter->random);
    keel_exit(announce_exit(exiter));
}

/* The child: returns main's status. */
static int run_scene(struct stress_random *random)
{
    static struct exiter exiters[exiters_most + 1];
    never = stress_chan(0, sizeof(uint64_t));
    prepare_lines();
    register_functions(random);
    uint64_t count = stress_below(random, exiters_most + 1);
    uint64_t main_does = count == 0 ? 0 : stress_below(random, 3);
    spawn_ballast(random);
    for (uint64_t i = 0; i <= exiters_most; i++)
        exiters[i] = (struct exiter){{stress_next(random)}, &callers[i]};
    for (uint64_t i = 0; i < count; i++)
        stress_equal((uint64_t)keel_spawn(exit_soon, &exiters[i]), 0, "status of a spawn");
    struct exiter *own = &exiters[exiters_most];
    if (main_does == 2)
        park_for_ever(NULL);
    linger(random);
    if (main_does == 1)
        keel_exit(announce_exit(own));
    return announce_exit(own);
}

/* ---- the parent */

static void system_call_worked(long result, const char *which)
{
    if (result < 0)
        stress_fail(which, result, 0);
}

/* The pipe's bytes must be whole lines; only the last may be cut, by the end of the process. */
static uint64_t read_prints(int descriptor)
{
    static char bytes[65536];
    uint64_t printed = 0;
    size_t letter = 0, length = 0;
    for (;;) {
        long result = arch_syscall3(__NR_read, descriptor, (long)bytes, sizeof bytes);
        if (result == -EINTR)
            continue;
        system_call_worked(result, "read");
        if (result == 0)
            return printed;
        for (long i = 0; i < result; i++) {
            if (bytes[i] == '\n') {
                stress_equal(length, line_length(letter), "bytes of a printed line");
                printed++;
                length = 0;
                continue;
            }
            if (length++ == 0)
                letter = (size_t)(bytes[i] - 'a');
            if (letter >= letters || bytes[i] != (char)('a' + letter))
                stress_fail("a torn line", bytes[i], (int64_t)('a' + letter));
        }
    }
}

static void check_end(long child)
{
    int status = 0;
    system_call_worked(arch_syscall4(__NR_wait4, child, (long)&status, 0, 0), "wait4");
    if ((status & 0x7f) != 0)
        stress_fail("the end of a process by signal", status & 0x7f, 0);
    if (record->status == no_status)
        stress_fail("exit functions did not run; the status was", status >> 8, no_status);
    stress_equal((uint64_t)(status >> 8), (uint64_t)record->status, "exit status");
    stress_equal(record->functions_run, record->functions, "exit functions that ran");
    stress_equal(record->out_of_order, 0, "exit functions that ran out of turn");
}

enum { read_end, write_end };

/* Forks a scene. Returns true in the child, which goes on to run it. */
static bool fork_scene(uint64_t *printed)
{
    int ends[2];
    *record = (struct record){.status = no_status};
    system_call_worked(arch_syscall2(__NR_pipe2, (long)ends, 0), "pipe2");
    long child = arch_syscall0(__NR_fork);
    system_call_worked(child, "fork");
    if (child == 0) {
        stress_descriptor = standard_error;
        arch_syscall1(__NR_close, ends[read_end]);
        system_call_worked(arch_syscall2(__NR_dup2, ends[write_end], 1), "dup2");
        arch_syscall1(__NR_close, ends[write_end]);
        return true;
    }
    arch_syscall1(__NR_close, ends[write_end]);
    *printed += read_prints(ends[read_end]);
    arch_syscall1(__NR_close, ends[read_end]);
    check_end(child);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t printed = 0;
    stress_begin("exit", argc, argv);
    long page = arch_syscall6(__NR_mmap, 0, sizeof *record, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    system_call_worked(page, "mmap");
    record = (struct record *)page;
    for (unsigned i = 0; i < scenes; i++) {
        struct stress_random random = stress_sequence(i);
        if (fork_scene(&printed))
            return run_scene(&random);
    }
    return stress_done(printed, "lines printed until the ends");
}
