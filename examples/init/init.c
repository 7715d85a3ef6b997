/*
 * The only program of a machine: /init of an initramfs of one file, process 1. It runs tasks, reaps
 * a child, and switches the machine off. What the kernel command line has after `--` are its
 * arguments:
 *
 *     fault, overflow, panic    dies so, and the kernel with it: for the reports
 *
 *   cc -ffreestanding -nostdlib -static examples/init/init.c -o init -lcsruntime
 *   tools/initramfs init initramfs.cpio
 */
#include <asm/unistd.h>
#include <linux/reboot.h>

#include "../coolscript/text.h"
#include <keel.h>

enum { child_status = 7, task_count = 1000, exit_no_program = 127 };
enum { signal_child = 17, wait_no_hang = 1 };

/* The runtime has no call for what only an init does. */
static long system_call(long number, long a, long b, long c, long d)
{
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}

static bool equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void say(const char *text, int64_t number)
{
    char line[128];
    char *end = append_text(line, text);
    end = append_text(append_number(end, number), "\n");
    cs_print_str((cs_string_t){line, end - line});
}

static long own_number(void)
{
    return system_call(__NR_getpid, 0, 0, 0, 0);
}

/* ---- tasks: all asleep at once, each on its own stack, then all send */

static void sleep_and_send(void *arg)
{
    keel_sleep(20 * 1000 * 1000);
    int64_t number = 1;
    keel_chan_send(arg, &number);
}

static void run_tasks(void)
{
    keel_chan *numbers = keel_chan_create(16, sizeof(int64_t));
    int64_t before = keel_now();
    for (int i = 0; i < task_count; i++) {
        if (keel_spawn(sleep_and_send, numbers) != 0)
            say("no memory for task ", i);
    }
    int64_t sum = 0;
    for (int i = 0; i < task_count; i++) {
        int64_t number = 0;
        keel_chan_receive(numbers, &number);
        sum += number;
    }
    say("tasks that slept and sent: ", sum);
    say("the sleep was long enough: ", keel_now() - before >= 20 * 1000 * 1000);
    keel_chan_release(numbers, NULL);
}

/* ---- children: process 1 must reap its own, and those whose parents have died */

/* The child of a fork has one thread of the parent's and may only execve or end. */
static void start_child(void)
{
    static char *arguments[] = {"/init", "child", NULL};
    static char *environment[] = {NULL};
    long child = system_call(__NR_clone, signal_child, 0, 0, 0);
    if (child != 0)
        return;
    system_call(__NR_execve, (long)arguments[0], (long)arguments, (long)environment, 0);
    system_call(__NR_exit_group, exit_no_program, 0, 0, 0);
}

/* A wait that blocks would hold a worker: this one looks, and sleeps as a task. */
static void *reap(void *arg)
{
    int status = 0;
    while (system_call(__NR_wait4, -1, (long)&status, wait_no_hang, 0) <= 0)
        keel_sleep(1000 * 1000);
    *(int64_t *)arg = status >> 8;
    return NULL;
}

static void run_child(void)
{
    int64_t status = -1;
    keel_task *reaper = keel_task_create(reap, &status, NULL);
    start_child();
    keel_task_await(reaper, NULL);
    say("the child's status: ", status);
}

/* ---- the ends */

static volatile int *volatile nowhere;

static void *fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
    return NULL;
}

static int overflow(int depth)
{
    volatile char room[1000];
    room[0] = (char)depth;
    return depth == 0 ? 0 : overflow(depth - 1) + room[0];
}

static void *overflow_stack(void *arg)
{
    (void)arg;
    overflow(1000 * 1000);
    return NULL;
}

static void *send_to_closed(void *arg)
{
    (void)arg;
    cs_channel_t *chan = cs_chan_create(1, 1);
    cs_chan_close(chan);
    cs_chan_send(chan, "x");
    return NULL;
}

static void run_task(void *(*fn)(void *), const char *name)
{
    keel_task_options options = {.name = name};
    keel_task *task = keel_task_create(fn, NULL, &options);
    keel_yield();
    keel_task_await(task, NULL);
}

static void power_off(void)
{
    system_call(__NR_sync, 0, 0, 0, 0);
    system_call(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF,
                0);
}

/* Elsewhere the last call would switch off the machine that this was tried on. */
static int refuse(void)
{
    say("init is made for process 1, and this is ", own_number());
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (equal(what, "child")) {
        say("the child is another process: ", own_number() > 1);
        return child_status;
    }
    if (own_number() != 1)
        return refuse();
    say("init is process ", own_number());
    if (equal(what, "fault"))
        run_task(fault, "faulty");
    if (equal(what, "overflow"))
        run_task(overflow_stack, "deep");
    if (equal(what, "panic"))
        run_task(send_to_closed, "careless");
    say("workers at most: ", keel_worker_count());
    run_tasks();
    run_child();
    power_off();
    return 1;
}
