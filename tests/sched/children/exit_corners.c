/*
 * Ends from further corners than exit.c's, in the way that the first argument names: with tasks in
 * keel_wait_all, by exit functions, while others print or fault; and exit functions that do what
 * tasks do.
 */
#include "base/output.h"
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/exiting.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

/* ---- keel_wait_all */

static uint32_t waiting, tasks_ended;

static void wait_all(void *arg)
{
    (void)arg;
    arrive(&waiting);
    keel_wait_all();
}

static void sleep_and_end(void *arg)
{
    keel_sleep((int64_t)(uintptr_t)arg % 5 * MILLISECOND / 4);
    arrive(&tasks_ended);
}

static void spawn_sleepers(void)
{
    for (uintptr_t i = 0; i < task_count; i++)
        keel_spawn(sleep_and_end, (void *)i);
}

static void print_tasks_ended(void)
{
    struct line line;
    line_begin(&line);
    line_number(&line, tasks_ended);
    line_write(&line, standard_output);
}

/* main waits for all tasks, some of which wait too. */
static int after_all(void)
{
    keel_at_exit(print_tasks_ended);
    spawn_sleepers();
    for (int i = 0; i < 20; i++)
        keel_spawn(wait_all, NULL);
    keel_wait_all();
    return main_status;
}

/* The exit functions wait for all tasks, some of which have exited too. */
static int all_in_function(void)
{
    keel_at_exit(print_tasks_ended);
    keel_at_exit(keel_wait_all);
    spawn_sleepers();
    for (int i = 0; i < task_count; i++)
        keel_spawn(exit_from_task, (void *)task_status);
    keel_yield();
    return task_status;
}

static void exit_when_all_wait(void *status)
{
    yield_until(&waiting, 20);
    keel_exit((int)(intptr_t)status);
}

static int while_all_wait(void)
{
    keel_at_exit(first);
    for (int i = 0; i < 20; i++)
        keel_spawn(wait_all, NULL);
    keel_spawn(exit_when_all_wait, (void *)task_status);
    keel_wait_all();
    return main_status;
}

/* ---- from every corner */

static uint32_t at_the_door;

static void exit_together(void *status)
{
    arrive(&at_the_door);
    yield_until(&at_the_door, 2);
    keel_exit((int)(intptr_t)status);
}

static int two_at_once(void)
{
    keel_at_exit(first);
    keel_at_exit(second);
    keel_spawn(exit_together, (void *)task_status);
    keel_spawn(exit_together, (void *)task_status);
    return wait_for_ever();
}

static void exit_with_main_status(void)
{
    print("exits once more");
    keel_exit(main_status);
}

/* Two exit functions exit themselves: the later status counts. */
static int exit_in_functions(void)
{
    keel_at_exit(first);
    keel_at_exit(exit_again);
    keel_at_exit(exit_with_main_status);
    keel_exit(1);
}

static void *exit_hosted(void *status)
{
    keel_exit((int)(intptr_t)status);
}

/* main awaits, and hosts, who exits. */
static int from_awaited(void)
{
    keel_at_exit(first);
    keel_task_await(keel_task_create(exit_hosted, (void *)task_status, NULL), NULL);
    return main_status;
}

/* An exit function waits for a task that exits too, and so for ever. */
static void await_one_that_exits(void)
{
    keel_task_await(keel_task_create(exit_hosted, (void *)task_status, NULL), NULL);
    print("awaited");
}

static int function_awaits_exit(void)
{
    keel_at_exit(first);
    keel_at_exit(await_one_that_exits);
    return main_status;
}

/* ---- tasks that wait for one that has exited */

static void *await_task(void *task)
{
    keel_task_await(task, NULL);
    return NULL;
}

static void *exit_when_told(void *status)
{
    yield_until(&at_the_door, 1);
    keel_exit((int)(intptr_t)status);
}

/* They are stuck, and do not keep who waits for all. */
static void look_and_wait_all(void)
{
    uint64_t ids[2];
    int64_t end = keel_now() + meeting_patience;
    arrive(&at_the_door);
    while (keel_stuck_tasks(ids, 2) != 2 && keel_now() < end)
        keel_sleep(MILLISECOND);
    print(keel_stuck_tasks(ids, 2) == 2 && (ids[0] == 1 || ids[1] == 1) ? "both stuck"
                                                                        : "not stuck");
    keel_wait_all();
    print("all gone");
}

static int exit_of_awaited(void)
{
    keel_at_exit(first);
    keel_at_exit(look_and_wait_all);
    keel_task *exits = keel_task_create(exit_when_told, (void *)main_status, NULL);
    keel_task *middle = keel_task_create(await_task, exits, NULL);
    keel_spawn(exit_from_task, (void *)task_status);
    keel_task_await(middle, NULL);
    return main_status;
}

/* ---- exit functions that do what tasks do */

static void *print_and_return(void *text)
{
    keel_yield();
    print(text);
    return text;
}

static void await_in_function(void)
{
    static char text[] = "awaited";
    keel_task_await(keel_task_create(print_and_return, text, NULL), NULL);
}

static void fork_in_function(void)
{
    static char text[] = "forked";
    keel_fork_frame frame;
    keel_fork(&frame, print_and_return, text);
    keel_yield();
    keel_join(&frame);
}

static void sleep_in_function(void)
{
    keel_sleep(2 * MILLISECOND);
    print("slept");
}

static void register_in_function(void)
{
    print("registers");
    keel_at_exit(second);
}

static void spawn_in_function(void)
{
    for (int i = 0; i < task_count; i++)
        keel_spawn(spawn_for_ever, NULL);
}

static int functions_do_all(void)
{
    keel_at_exit(first);
    keel_at_exit(await_in_function);
    keel_at_exit(fork_in_function);
    keel_at_exit(register_in_function);
    keel_at_exit(sleep_in_function);
    keel_at_exit(spawn_in_function);
    return main_status;
}

/* ---- while others print */

static const char printed[] = "printed\n";

static void print_shared(void)
{
    output_print(standard_output, "last\n", 5);
}

static uint32_t printers_begun;

static void print_for_ever(void *arg)
{
    (void)arg;
    arrive(&printers_begun);
    for (;;) {
        output_print(standard_output, printed, sizeof printed - 1);
        keel_yield();
    }
}

/* A task holds the right to print, and others wait for it, when the exit functions print. */
static int while_others_print(void)
{
    keel_at_exit(print_shared);
    for (int i = 0; i < 10; i++)
        keel_spawn(print_for_ever, NULL);
    yield_until(&printers_begun, 10);
    return main_status;
}

/* ---- while another faults */

static void fault(void *arg)
{
    static volatile uintptr_t nowhere = 8; /* the compiler need not know */
    (void)arg;
    if (keel_worker_count() > 1) {
        arrive(&at_the_door);
        spin_until(&at_the_door, 2);
    }
    *(volatile int *)nowhere = 0;
}

static int while_another_faults(void)
{
    keel_spawn(fault, NULL);
    arrive(&at_the_door);
    yield_until(&at_the_door, 2);
    return main_status;
}

static void fault_in_function(void)
{
    fault(NULL);
}

static int fault_at_exit(void)
{
    arrive(&at_the_door);
    keel_at_exit(fault_in_function);
    keel_at_exit(first);
    return main_status;
}

static const struct way ways[] = {
    {"after-all", after_all},
    {"all-in-function", all_in_function},
    {"while-all-wait", while_all_wait},
    {"two-at-once", two_at_once},
    {"exit-in-functions", exit_in_functions},
    {"from-awaited", from_awaited},
    {"function-awaits-exit", function_awaits_exit},
    {"exit-of-awaited", exit_of_awaited},
    {"functions-do-all", functions_do_all},
    {"while-others-print", while_others_print},
    {"while-another-faults", while_another_faults},
    {"fault-at-exit", fault_at_exit},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
