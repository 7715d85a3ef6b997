/*
 * Faults in the way that the first argument names: "<what>" in main, "<what>-in-task" in a task
 * that is named "faulty".
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/panic.h"
#include "keel/task.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

/* Volatile, so that the compiler does not see the fault come. */
static volatile uintptr_t place;
static volatile int one = 1, zero;

static int read_null(void)
{
    place = 0x10;
    return *(volatile int *)place;
}

static int write_null(void)
{
    place = 0;
    *(volatile int *)place = 1;
    return 0;
}

static int read_unmapped(void)
{
    place = 0x123456789000;
    return *(volatile int *)place;
}

/* No page can ever lie there: the processor itself refuses the address. */
static int read_impossible(void)
{
    place = 0xdead000000000000;
    return *(volatile int *)place;
}

static const int constant = 5;

static int write_constant(void)
{
    place = (uintptr_t)&constant;
    *(volatile int *)place = 6;
    return 0;
}

static int call_data(void)
{
    static unsigned char data[16];
    place = (uintptr_t)data;
    ((void (*)(void))place)();
    return 0;
}

static int divide(void)
{
    return one / zero;
}

static int illegal(void)
{
    arch_trap();
}

/* Memory of a file that is shorter. */
static int past_the_end(void)
{
    long file = arch_syscall2(__NR_memfd_create, (long)"empty", 0);
    long page = arch_syscall6(__NR_mmap, 0, arch_page_size, PROT_READ, MAP_SHARED, file, 0);
    place = (uintptr_t)page;
    return *(volatile int *)place;
}

/* Ways in which somebody sends the signal. */
static int send_itself(void)
{
    arch_syscall2(__NR_kill, arch_syscall0(__NR_getpid), SIGSEGV);
    keel_sleep(10000 * MILLISECOND); /* another thread may be about to take it */
    return 0;
}

static int send_thread(void)
{
    long process_number = arch_syscall0(__NR_getpid);
    arch_syscall3(__NR_tgkill, process_number, arch_syscall0(__NR_gettid), SIGBUS);
    return 0;
}

/* Waits for the signal that another process sends. */
static _Noreturn int wait_for_signal(void)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "waiting");
    line_write(&line, tap_descriptor);
    for (;;)
        keel_sleep(1000 * MILLISECOND);
}

static int (*what)(void);

static void *fault_in_task(void *arg)
{
    keel_yield();
    what();
    return arg;
}

static int in_task(int (*fault)(void))
{
    what = fault;
    keel_task_await(
        begun(keel_task_create(fault_in_task, NULL, &(keel_task_options){.name = "faulty"})), NULL);
    return 0;
}

#define IN_TASK(fault)                                                                             \
    static int fault##_in_task(void)                                                               \
    {                                                                                              \
        return in_task(fault);                                                                     \
    }
IN_TASK(read_null)
IN_TASK(write_null)
IN_TASK(read_unmapped)
IN_TASK(read_impossible)
IN_TASK(write_constant)
IN_TASK(call_data)
IN_TASK(divide)
IN_TASK(illegal)
IN_TASK(past_the_end)
IN_TASK(send_itself)
IN_TASK(send_thread)

/* As many tasks as workers fault at the same time. */
static uint32_t ready_to_fault;

static void *fault_together(void *arg)
{
    arrive(&ready_to_fault);
    spin_until(&ready_to_fault, keel_worker_count());
    *(volatile int *)place = 1;
    return arg;
}

static int all_at_once(void)
{
    unsigned count = keel_worker_count();
    for (uint32_t i = 1; i < count; i++) {
        keel_task_detach(keel_task_create(fault_together, NULL, NULL));
        spin_until(&ready_to_fault, i);
    }
    fault_together(NULL);
    return 0;
}

static void exit_function(void)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "exit function");
    line_write(&line, tap_descriptor);
}

static const struct way ways[] = {
    {"read-null", read_null},
    {"read-null-in-task", read_null_in_task},
    {"write-null", write_null},
    {"write-null-in-task", write_null_in_task},
    {"read-unmapped", read_unmapped},
    {"read-unmapped-in-task", read_unmapped_in_task},
    {"read-impossible", read_impossible},
    {"read-impossible-in-task", read_impossible_in_task},
    {"write-constant", write_constant},
    {"write-constant-in-task", write_constant_in_task},
    {"call-data", call_data},
    {"call-data-in-task", call_data_in_task},
    {"divide", divide},
    {"divide-in-task", divide_in_task},
    {"illegal", illegal},
    {"illegal-in-task", illegal_in_task},
    {"past-the-end", past_the_end},
    {"past-the-end-in-task", past_the_end_in_task},
    {"send-itself", send_itself},
    {"send-itself-in-task", send_itself_in_task},
    {"send-thread", send_thread},
    {"send-thread-in-task", send_thread_in_task},
    {"wait-for-signal", wait_for_signal},
    {"all-at-once", all_at_once},
};

int main(int argc, char **argv)
{
    keel_at_exit(exit_function); /* which no fault may run */
    return GO_THE_WAY(ways, argc, argv);
}
