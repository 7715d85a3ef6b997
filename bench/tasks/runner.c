/*
 * Runs a program on some CPUs, for a limited time, and tells what CPU time it took:
 *
 *   runner SECONDS CPU[,CPU...] PROGRAM [ARGUMENT ...]
 *
 * Behind what the program prints comes a line "cpu MICROSECONDS", user and system together, of all
 * its threads. Status: the program's own; 124 when its time was over, 125 when it could not be run,
 * 126 when a signal ended it.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t child;
static volatile int is_late;

static void end_child(int number)
{
    (void)number;
    is_late = 1;
    kill(child, SIGKILL);
}

static void pin(const char *list)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    for (;;) {
        char *rest;
        long cpu = strtol(list, &rest, 10);
        if (rest == list || cpu < 0 || cpu >= CPU_SETSIZE)
            break;
        CPU_SET((size_t)cpu, &cpus);
        if (*rest != ',')
            break;
        list = rest + 1;
    }
    if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
        perror("runner: affinity");
        exit(125);
    }
}

static long microseconds(struct timeval time)
{
    return time.tv_sec * 1000000L + time.tv_usec;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: runner SECONDS CPU[,CPU...] PROGRAM [ARGUMENT ...]\n");
        return 125;
    }
    pin(argv[2]);
    child = fork();
    if (child == 0) {
        execv(argv[3], argv + 3);
        perror(argv[3]);
        _exit(125);
    }
    if (child < 0) {
        perror("runner: fork");
        return 125;
    }
    signal(SIGALRM, end_child);
    alarm((unsigned)atoi(argv[1]));
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) != child) {
    }
    printf("cpu %ld\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
    if (is_late)
        return 124;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
