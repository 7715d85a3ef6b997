/*
 * Walks from calls within calls, in every place where code of a program runs. Included by programs
 * that differ in how they are compiled (FLAGS_... in the Makefile).
 */
#ifndef KEEL_TESTS_NESTED_H
#define KEEL_TESTS_NESTED_H

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "abi/signal.h"
#include "keel/task.h"
#include "tests/backtrace/names.h"
#include "tests/handler.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"

#define CALLED __attribute__((noinline))

/* What is done behind a call, so that it is no tail call. */
static volatile int sink;

static struct frames taken;

static CALLED void inner(void)
{
    take_frames(&taken);
    sink++;
}

/* A frame of a size that is known at run time only. */
static CALLED void middle(size_t size)
{
    volatile char *room = __builtin_alloca(size);
    room[0] = 1;
    inner();
    sink += room[0];
}

/* A frame with an alignment of its own, and many registers in use. */
static CALLED void outer(int depth)
{
    _Alignas(128) volatile char aligned[128];
    int a = sink, b = a + depth, c = b * 3, d = c ^ a, e = d + b, f = e * c;
    aligned[0] = (char)f;
    middle((size_t)depth * 16 + 100);
    sink += a + b + c + d + e + f + aligned[0];
}

#define INNERMOST "take_frames", "inner", "middle", "outer"

static CALLED void test_plain(void)
{
    static const char *const names[] = {INNERMOST, "test_plain", "main", NULL};
    outer(1);
    check_frames(&taken, names, of_process, "calls under main, from _start");
}

/* ---- tasks */

static CALLED void *in_task(void *arg)
{
    outer(2);
    return arg;
}

static CALLED void *after_switches(void *arg)
{
    for (int i = 0; i < 5; i++)
        keel_yield();
    in_task(arg);
    sink++;
    return arg;
}

static CALLED void test_tasks(void)
{
    static const char *const in_task_names[] = {INNERMOST, "in_task", "sched_runner", NULL};
    keel_task_await(begun(keel_task_create(in_task, NULL, NULL)), NULL);
    check_frames(&taken, in_task_names, of_task, "a task's first frame ends the walk");
    static const char *const switched_names[] = {INNERMOST, "in_task", "after_switches",
                                                 "sched_runner", NULL};
    keel_task *other = keel_task_create(after_switches, NULL, NULL);
    keel_task_await(begun(keel_task_create(after_switches, NULL, NULL)), NULL);
    keel_task_await(begun(other), NULL);
    check_frames(&taken, switched_names, of_task, "a task that was switched");
    static const char *const main_names[] = {INNERMOST, "test_tasks", "main", NULL};
    keel_yield();
    outer(3);
    check_frames(&taken, main_names, of_process, "main after it has parked");
}

/* Whether it ran on main's stack, which it does unless another worker was faster. */
static CALLED void *hosted(void *arg)
{
    in_task(arg);
    /* RELAXED: written by the thread that runs this, if it is hosted. */
    return atomic_load(&sched_main_task.state, RELAXED) == SCHED_TASK_HOSTING ? &taken : NULL;
}

static CALLED void test_hosted(void)
{
    static const char *const names[] = {INNERMOST,         "in_task",     "hosted", "sched_host",
                                        "keel_task_await", "test_hosted", "main",   NULL};
    void *was_hosted = NULL;
    for (int tries = 0; was_hosted == NULL && tries < 1000; tries++)
        keel_task_await(keel_task_create(hosted, NULL, NULL), &was_hosted);
    check(was_hosted != NULL, "a child runs on its parent's stack");
    check_frames(&taken, names, of_process, "its walk goes on in its parent's");
}

static uint32_t has_run;

static CALLED void on_worker(void *arg)
{
    in_task(arg);
    arrive(&has_run);
}

/* main keeps its own worker busy. */
static CALLED void test_other_worker(void)
{
    static const char *const names[] = {INNERMOST, "in_task", "on_worker", "sched_runner", NULL};
    if (keel_worker_count() < 2) {
        skip("on another worker", "there is one CPU");
        return;
    }
    keel_spawn(on_worker, NULL);
    if (check(spin_until(&has_run, 1), "a task ran on another worker"))
        check_frames(&taken, names, of_task, "a thread's first frame ends the walk");
}

/* ---- signals */

enum { alternate_size = 64 * 1024 };
static _Alignas(16) unsigned char alternate[alternate_size];

static void *page; /* that cannot be read, until the handler allows it */
static struct arch_registers interrupted_at;

static CALLED void handler_part(void)
{
    outer(4);
    sink++;
}

ARCH_SIGNAL_HANDLER
static void handler(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    (void)info;
    arch_registers_from_signal(&interrupted_at, &context->machine);
    handler_part();
    if (signal == SIGSEGV)
        arch_syscall3(__NR_mprotect, (long)page, arch_page_size, PROT_READ | PROT_WRITE);
}

static void install(int signal, uint64_t flags)
{
    handler_install(signal, (uintptr_t)handler, SA_SIGINFO | flags);
}

static CALLED void sends(int signal)
{
    long process_id = arch_syscall0(__NR_getpid);
    arch_syscall3(__NR_tgkill, process_id, arch_syscall0(__NR_gettid), signal);
    sink++;
}

static CALLED void touches(void)
{
    *(volatile char *)page = 1;
    sink++;
}

#define FROM_HANDLER INNERMOST, "handler_part", "handler", "arch_signal_return"

static CALLED void test_signals(void)
{
    static const char *const sent[] = {FROM_HANDLER, "sends", "test_signals", "main", NULL};
    static const char *const fault[] = {FROM_HANDLER, "touches", "test_signals", "main", NULL};
    install(SIGUSR1, 0);
    sends(SIGUSR1);
    check_frames(&taken, sent, of_process, "through a handler, on the interrupted stack");
    struct abi_stack stack = {.stack_pointer = (uintptr_t)alternate, .size = alternate_size};
    arch_syscall2(__NR_sigaltstack, (long)&stack, 0);
    install(SIGUSR1, SA_ONSTACK);
    sends(SIGUSR1);
    check_frames(&taken, sent, of_process,
                 "through a handler, from its stack to the interrupted one");
    install(SIGSEGV, SA_ONSTACK);
    page = (void *)arch_syscall6(__NR_mmap, 0, arch_page_size, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touches();
    check_frames(&taken, fault, of_process, "through the handler of a fault");
    check(frame_is((void *)interrupted_at.value[arch_register_pc], "touches"),
          "the interrupted registers are there");
}

/* ---- before and after main */

static struct frames before_main;

static CALLED __attribute__((constructor)) void constructor(void)
{
    outer(5);
    before_main = taken;
}

static CALLED void test_constructor(void)
{
    static const char *const names[] = {INNERMOST, "constructor", NULL};
    check_frames(&before_main, names, of_process, "before main");
}

static void at_exit(void)
{
    static const char *const names[] = {INNERMOST, "at_exit", NULL};
    outer(6);
    check_frames(&taken, names, of_process, "in an exit function");
    process_end(tap_done());
}

int main(void)
{
    test_plain();
    test_tasks();
    test_hosted();
    test_other_worker();
    test_signals();
    test_constructor();
    keel_at_exit(at_exit);
    return 0;
}

#endif
