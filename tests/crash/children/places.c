/*
 * Crashes at places where a report is not a matter of course: in guards, far from any code, before
 * and after main, while something else crashes. The first argument names which.
 */
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "abi/signal.h"
#include "abi/time.h"
#include "base/panic.h"
#include "base/thread_block.h"
#include "keel.h"
#include "mem/stack.h"
#include "tests/handler.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

#define FRAME __attribute__((noinline))

/* Volatile, so that the compiler does not see the fault come. */
static volatile uintptr_t place;
static void (*volatile function)(void);

static FRAME void write_to_place(void)
{
    *(volatile int *)place = 1;
}

/* ---- guards */

/* The stack lies in the pool when it is written to. */
static int spare_guard(void)
{
    struct mem_stack *stack = mem_stack_acquire();
    place = stack->low - 16;
    mem_stack_release(stack);
    write_to_place();
    return 0;
}

/* Within the last pages of its guard, as seen from the first frame of a stack of 192 KiB or a
 * little more. */
static uintptr_t guard_below(volatile char *frame)
{
    return ((uintptr_t)frame & ~(uintptr_t)0xfff) - 196 * 1024;
}

static void *wait_for_ever(void *arg)
{
    volatile char here = 0;
    place = guard_below(&here);
    keel_sleep(1000000 * MILLISECOND);
    return arg + here;
}

/* A stray pointer into the guard of a task that is parked. */
static int others_guard(void)
{
    keel_task_options options = {.name = "victim"};
    keel_task_detach(keel_task_create(wait_for_ever, NULL, &options));
    while (place == 0)
        keel_yield();
    keel_sleep(MILLISECOND);
    write_to_place();
    return 0;
}

/* A stray pointer into its own guard, from the top of the stack: no overflow. */
static void *touch_own_guard(void *arg)
{
    volatile char here = 0;
    place = guard_below(&here);
    write_to_place();
    return arg + here;
}

static int own_guard(void)
{
    keel_task_options options = {.name = "stray"};
    keel_task_await(begun(keel_task_create(touch_own_guard, NULL, &options)), NULL);
    return 0;
}

/* ---- jumps */

static FRAME void call_function(void)
{
    function();
    place++; /* not a jump in the place of a call */
}

static int jump_null(void)
{
    function = NULL;
    call_function();
    return 0;
}

static int jump_unmapped(void)
{
    function = (void (*)(void))0x123456789000;
    call_function();
    return 0;
}

static void *jump(void *arg)
{
    keel_yield();
    call_function();
    return arg;
}

static int jump_null_in_task(void)
{
    keel_task_options options = {.name = "jumper"};
    keel_task_await(begun(keel_task_create(jump, NULL, &options)), NULL);
    return 0;
}

/* ---- around main */

static bool fault_in_destructor;

static FRAME void set_up(int argc, char **argv)
{
    static const char way[] = "in-constructor";
    if (argc > 1 && strlen(argv[1]) == sizeof way - 1 && memcmp(argv[1], way, sizeof way) == 0)
        write_to_place();
}

__attribute__((constructor)) static void constructor(int argc, char **argv)
{
    set_up(argc, argv);
}

__attribute__((destructor)) static void destructor(void)
{
    if (fault_in_destructor)
        write_to_place();
}

static int in_constructor(void)
{
    return 0;
}

static int in_destructor(void)
{
    fault_in_destructor = true;
    return 0;
}

static void exit_function(void)
{
    write_to_place();
    place++;
}

static int in_exit_function(void)
{
    keel_at_exit(exit_function);
    return 0;
}

/* ---- while something else goes on */

/* The report reads the name. */
static int bad_name(void)
{
    keel_task_set_name(NULL, (const char *)0x20);
    write_to_place();
    return 0;
}

/* The frames cannot be walked: the stack pointer leads nowhere. */
static int lost_stack(void)
{
    arch_context_switch((void **)&place, (void *)0x123456789000);
    return 0;
}

ARCH_SIGNAL_HANDLER static void handler(int signal)
{
    (void)signal;
    write_to_place();
    place++;
}

/* In a handler of the program's own, which runs on the same alternate stack. */
static int in_handler(void)
{
    handler_install(SIGUSR1, (uintptr_t)handler, SA_ONSTACK);
    arch_syscall3(__NR_tgkill, arch_syscall0(__NR_getpid), arch_syscall0(__NR_gettid), SIGUSR1);
    return 0;
}

/* A task that has begun on one worker faults on another. */
static uint32_t on_other_worker;

static void *move_and_fault(void *arg)
{
    keel_sleep(MILLISECOND);
    arrive(&on_other_worker);
    write_to_place();
    return arg;
}

static int after_move(void)
{
    keel_task_options options = {.name = "mover"};
    keel_task_detach(keel_task_create(move_and_fault, NULL, &options));
    spin_until(&on_other_worker, 1);
    keel_sleep(10000 * MILLISECOND);
    return 0;
}

/* The thread pointer leads nowhere, or to another runtime's block, of which we know but one word.
 */
static uintptr_t other_block[16];

static int no_thread_pointer(void)
{
    arch_thread_pointer_set(NULL, 0);
    write_to_place();
    return 0;
}

static int other_thread_pointer(void)
{
    for (size_t i = 1; i < sizeof other_block / sizeof other_block[0]; i++)
        other_block[i] = 0x41414141;
    other_block[0] = (uintptr_t)other_block;
    arch_thread_pointer_set(other_block, 0);
    write_to_place();
    return 0;
}

/* A fault's report is under way on another worker, and takes long. */
static uint32_t reporting;

static struct address_owner take_long(uintptr_t address)
{
    (void)address;
    struct abi_timespec pause = {.nanoseconds = 300 * MILLISECOND};
    arrive(&reporting);
    arch_syscall2(__NR_nanosleep, (long)&pause, 0);
    return (struct address_owner){.is_stack_guard = false};
}

static void fault_for_long(void *arg)
{
    (void)arg;
    thread_block()->address_owner = take_long;
    write_to_place();
}

static int exit_during_report(void)
{
    keel_spawn(fault_for_long, NULL);
    spin_until(&reporting, 1);
    return 0;
}

/* ---- panics */

static FRAME void give_up(void)
{
    keel_panic("the program gives up");
}

static int panic_in_main(void)
{
    give_up();
    return 0;
}

static void *panic_in(void *arg)
{
    keel_yield();
    give_up();
    return arg;
}

static int panic_in_task(void)
{
    keel_task_options options = {.name = "careful"};
    keel_task_await(begun(keel_task_create(panic_in, NULL, &options)), NULL);
    return 0;
}

static int panic_during_report(void)
{
    keel_spawn(fault_for_long, NULL);
    spin_until(&reporting, 1);
    give_up();
    return 0;
}

static uint32_t together;

static void panic_together(void *arg)
{
    (void)arg;
    arrive(&together);
    spin_until(&together, 2);
    give_up();
}

static int panics_at_once(void)
{
    keel_spawn(panic_together, NULL);
    panic_together(NULL);
    return 0;
}

static int panic_without_message(void)
{
    keel_panic(NULL);
}

static void panic_at_end(void)
{
    give_up();
}

ARCH_SIGNAL_HANDLER static void panic_handler(int signal)
{
    (void)signal;
    give_up();
}

static int panic_in_exit_function(void)
{
    keel_at_exit(panic_at_end);
    return 0;
}

static int panic_in_handler(void)
{
    handler_install(SIGUSR1, (uintptr_t)panic_handler, SA_ONSTACK);
    arch_syscall3(__NR_tgkill, arch_syscall0(__NR_getpid), arch_syscall0(__NR_gettid), SIGUSR1);
    return 0;
}

static const struct way ways[] = {
    {"spare-guard", spare_guard},
    {"others-guard", others_guard},
    {"own-guard", own_guard},
    {"jump-null", jump_null},
    {"jump-null-in-task", jump_null_in_task},
    {"jump-unmapped", jump_unmapped},
    {"in-constructor", in_constructor},
    {"in-destructor", in_destructor},
    {"in-exit-function", in_exit_function},
    {"bad-name", bad_name},
    {"lost-stack", lost_stack},
    {"in-handler", in_handler},
    {"after-move", after_move},
    {"no-thread-pointer", no_thread_pointer},
    {"other-thread-pointer", other_thread_pointer},
    {"exit-during-report", exit_during_report},
    {"panic-during-report", panic_during_report},
    {"panics-at-once", panics_at_once},
    {"panic-without-message", panic_without_message},
    {"panic-in-main", panic_in_main},
    {"panic-in-task", panic_in_task},
    {"panic-in-exit-function", panic_in_exit_function},
    {"panic-in-handler", panic_in_handler},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
