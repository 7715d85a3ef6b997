/*
 * The only program of a machine: /init of an initramfs of one file, process 1. It runs tasks, reaps
 * a child, and switches the machine off. What the kernel command line has after `--` are its
 * arguments:
 *
 *     fault, overflow, panic    dies so, and the kernel with it: for the reports
 *
 * System calls and printf are of the kernel's nolibc headers (doc/nolibc.md).
 *
 *   cc -ffreestanding -nostdlib -static -isystem build/nolibc examples/init/init.c -o init -lkeel
 *   tools/initramfs init initramfs.cpio
 */
#include "../nolibc/keel_nolibc.h"

enum { child_status = 7, task_count = 1000, exit_no_program = 127 };
enum { sleep_time = 20 * 1000 * 1000, reap_interval = 1000 * 1000 };

/* ---- tasks: all asleep at once, each on its own stack, then all send */

static void sleep_and_send(void *arg)
{
    keel_sleep(sleep_time);
    int number = 1;
    keel_chan_send(arg, &number);
}

static void run_tasks(void)
{
    keel_chan *numbers = keel_chan_create(16, sizeof(int));
    int64_t before = keel_now();
    for (int i = 0; i < task_count; i++) {
        if (keel_spawn(sleep_and_send, numbers) != 0)
            printf("no memory for task %d\n", i);
    }
    int sum = 0;
    for (int i = 0; i < task_count; i++) {
        int number = 0;
        keel_chan_receive(numbers, &number);
        sum += number;
    }
    printf("tasks that slept and sent: %d\n", sum);
    printf("the sleep was long enough: %d\n", keel_now() - before >= sleep_time);
    keel_chan_release(numbers, NULL);
}

/* ---- children: process 1 must reap its own, and those whose parents have died */

/* The child of a fork has one thread of the parent's and may only execve or end. */
static void start_child(void)
{
    static char *arguments[] = {"/init", "child", NULL};
    static char *environment[] = {NULL};
    if (fork() != 0)
        return;
    execve(arguments[0], arguments, environment);
    sys_exit(exit_no_program);
}

/* A wait that blocks would hold a worker: this one looks, and sleeps as a task. */
static void *reap(void *arg)
{
    while (waitpid(-1, arg, WNOHANG) <= 0)
        keel_sleep(reap_interval);
    return NULL;
}

static void run_child(void)
{
    int status = -1;
    keel_task *reaper = keel_task_create(reap, &status, NULL);
    start_child();
    keel_task_await(reaper, NULL);
    printf("the child's status: %d\n", WEXITSTATUS(status));
}

/* ---- the ends */

static volatile int *volatile nowhere;

static void *fault(void *arg)
{
    *nowhere = 1;
    return arg;
}

static int fill_stack(int depth)
{
    volatile char room[1000];
    room[0] = (char)depth;
    return depth == 0 ? 0 : fill_stack(depth - 1) + room[0];
}

static void *overflow(void *arg)
{
    fill_stack(1000 * 1000);
    return arg;
}

static void *panic(void *arg)
{
    (void)arg;
    keel_panic("this is how a panic looks");
}

static void run_task(void *(*fn)(void *), const char *name)
{
    keel_task_options options = {.name = name};
    keel_task *task = keel_task_create(fn, NULL, &options);
    keel_yield();
    keel_task_await(task, NULL);
}

/* Elsewhere the last call would switch off the machine that this was tried on. */
static int refuse(void)
{
    printf("init is made for process 1, and this is %d\n", getpid());
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "child") == 0) {
        printf("the child is another process: %d\n", getpid() > 1);
        return child_status;
    }
    if (getpid() != 1)
        return refuse();
    printf("init is process %d\n", getpid());
    if (strcmp(what, "fault") == 0)
        run_task(fault, "faulty");
    if (strcmp(what, "overflow") == 0)
        run_task(overflow, "deep");
    if (strcmp(what, "panic") == 0)
        run_task(panic, "careless");
    printf("workers at most: %d\n", (int)keel_worker_count());
    run_tasks();
    run_child();
    reboot((int)LINUX_REBOOT_CMD_POWER_OFF);
    return 1;
}
