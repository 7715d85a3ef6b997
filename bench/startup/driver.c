/*
 * What it takes to run programs from before vfork until they are reaped. A hosted program; called
 * by tools/bench-startup.
 *
 *   driver measure ROUNDS SEED CPUS PROGRAM...
 *   driver inspect CPUS PROGRAM...
 *
 * CPUS: the numbers of the CPUs that this and they may run on, as 0,1.
 * measure: runs every program once a round, each round in another order, drawn from SEED. A line a
 * program: its number, then minimum, median and 99th percentile of the microseconds, and the median
 * of its page faults.
 * inspect: runs each under ptrace. A line a program: its number, its system calls, and the KiB that
 * it has resident at its end. (The peak that wait4 tells is that of whoever called vfork.)
 *
 * A PROGRAM is a path, or several words: an emulator and what it runs. What the programs print is
 * thrown away. One that fails ends the driver with status 1 and a line that names it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_words = 8, warm_up = 5, cannot_run = 126 };

struct program {
    const char *name;
    char *words[most_words + 1];
    double *microseconds;
    double *faults;
};

static char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
static FILE *results; /* standard output belongs to the programs, and leads nowhere */

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "driver: %s: %s\n", what, why);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        fail("memory", "there is none");
    return memory;
}

/* Named by its last word, and found by the first. */
static struct program program_of(const char *text)
{
    struct program program = {0};
    char *words = strdup(text);
    int count = 0;
    for (char *word = strtok(words, " "); word != NULL && count < most_words;
         word = strtok(NULL, " "))
        program.words[count++] = word;
    if (count == 0)
        fail(text, "a program is wanted");
    program.name = program.words[count - 1];
    return program;
}

static void check_status(const struct program *program, int status)
{
    char why[64];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    snprintf(why, sizeof why, "ended with wait status %d", status);
    fail(program->name, why);
}

/* ---- measure */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void run_once(const struct program *program, double *microseconds, double *faults)
{
    struct rusage usage;
    int status = 0;
    double before = now();
    pid_t child = vfork();
    if (child == 0) {
        execve(program->words[0], program->words, environment);
        _exit(cannot_run);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        fail(program->name, strerror(errno));
    *microseconds = now() - before;
    *faults = (double)(usage.ru_minflt + usage.ru_majflt);
    check_status(program, status);
}

/* xorshift64*: the same seed gives the same orders on any machine. */
static uint64_t random_state;

static size_t random_below(size_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * 2685821657736338717u >> 33) % limit);
}

static void shuffle(size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(i);
        size_t taken = order[i - 1];
        order[i - 1] = order[other];
        order[other] = taken;
    }
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double quantile(double *sorted, size_t count, double part)
{
    size_t index = (size_t)(part * (double)count);
    return sorted[index < count ? index : count - 1];
}

static void pin(const char *list)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *at = list; at != NULL && *at != '\0'; at = strchr(at, ',')) {
        at += *at == ',';
        CPU_SET((size_t)atoi(at), &set);
    }
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        fail(list, strerror(errno));
}

static void measure_rounds(struct program *programs, size_t count, size_t rounds)
{
    size_t *order = allocate(count, sizeof *order);
    double ignored[2];
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
        programs[i].microseconds = allocate(rounds, sizeof(double));
        programs[i].faults = allocate(rounds, sizeof(double));
        for (int round = 0; round < warm_up; round++)
            run_once(&programs[i], &ignored[0], &ignored[1]);
    }
    for (size_t round = 0; round < rounds; round++) {
        shuffle(order, count);
        for (size_t i = 0; i < count; i++) {
            struct program *program = &programs[order[i]];
            run_once(program, &program->microseconds[round], &program->faults[round]);
        }
    }
    free(order);
}

static void measure(struct program *programs, size_t count, size_t rounds)
{
    measure_rounds(programs, count, rounds);
    for (size_t i = 0; i < count; i++) {
        double *sorted = programs[i].microseconds;
        qsort(sorted, rounds, sizeof *sorted, ascending);
        qsort(programs[i].faults, rounds, sizeof(double), ascending);
        fprintf(results, "%zu\t%.1f\t%.1f\t%.1f\t%.0f\n", i, sorted[0],
                quantile(sorted, rounds, 0.5), quantile(sorted, rounds, 0.99),
                quantile(programs[i].faults, rounds, 0.5));
    }
}

/* ---- inspect */

static pid_t start_traced(const struct program *program)
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execve(program->words[0], program->words, environment);
        _exit(cannot_run);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        fail(program->name, strerror(errno));
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                   PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) != 0)
        fail(program->name, strerror(errno));
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    return child;
}

/* From the page tables, so exact; 0 when the process has none any more. */
static long resident(pid_t thread)
{
    char path[64];
    char line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)thread);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "Rss: %ld kB", &kib) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

/* Each system call stops its thread twice, but those that do not return: so entries are counted. */
static bool is_entry(pid_t thread)
{
    struct __ptrace_syscall_info info;
    return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

struct inspection {
    long system_calls; /* from the program's own start: the call that executes it is not its own */
    long resident;     /* KiB, the most that any of its threads had at its end */
    bool started;
};

/* Looks at one stop; returns the signal to hand on. */
static int look_at(struct inspection *inspection, pid_t thread, int status)
{
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
        inspection->system_calls += inspection->started && is_entry(thread);
        return 0;
    }
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
        inspection->started = true;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
        long kib = resident(thread);
        if (kib > inspection->resident)
            inspection->resident = kib;
    }
    return status >> 16 != 0 || signal == SIGSTOP || signal == SIGTRAP ? 0 : signal;
}

static struct inspection inspect_program(const struct program *program)
{
    struct inspection inspection = {0};
    pid_t child = start_traced(program);
    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0)
            fail(program->name, strerror(errno));
        if (WIFSTOPPED(status)) {
            int signal = look_at(&inspection, thread, status);
            ptrace(PTRACE_SYSCALL, thread, 0, (long)signal);
        } else if (thread == child) {
            check_status(program, status);
            return inspection;
        }
    }
}

static void inspect(struct program *programs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct inspection inspection = inspect_program(&programs[i]);
        fprintf(results, "%zu\t%ld\t%ld\n", i, inspection.system_calls, inspection.resident);
        fflush(results);
    }
}

/* ---- the command line */

static void open_results(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    results = kept < 0 ? NULL : fdopen(kept, "w");
    if (results == NULL || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        fail("standard output", strerror(errno));
}

int main(int argc, char **argv)
{
    bool measures = argc > 5 && strcmp(argv[1], "measure") == 0;
    bool inspects = argc > 3 && strcmp(argv[1], "inspect") == 0;
    if (!measures && !inspects)
        fail("usage", "driver measure ROUNDS SEED CPUS PROGRAM... | inspect CPUS PROGRAM...");
    int first = measures ? 5 : 3;
    size_t count = (size_t)(argc - first);
    struct program *programs = allocate(count, sizeof *programs);
    for (size_t i = 0; i < count; i++)
        programs[i] = program_of(argv[first + (int)i]);
    open_results();
    pin(argv[first - 1]);
    if (inspects) {
        inspect(programs, count);
        return 0;
    }
    long rounds = atol(argv[2]);
    random_state = strtoull(argv[3], NULL, 10);
    if (rounds < 1 || random_state == 0)
        fail("usage", "ROUNDS and SEED are at least 1");
    measure(programs, count, (size_t)rounds);
    return 0;
}
