/*
 * Ends in the way that its first argument names. What it prints and its exit status tell what came
 * to run; a way that takes too long has hung.
 */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/exiting.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static int from_task(void)
{
    keel_at_exit(first);
    keel_at_exit(second);
    keel_spawn(exit_from_task, (void *)task_status);
    return wait_for_ever();
}

static int from_many_tasks(void)
{
    keel_at_exit(first);
    keel_at_exit(second);
    for (intptr_t i = 0; i < task_count; i++)
        keel_spawn(exit_from_task, (void *)task_status);
    return wait_for_ever();
}

static uint32_t first_registered;

static void register_first(void *arg)
{
    (void)arg;
    keel_at_exit(first);
    arrive(&first_registered);
}

static void *register_second(void *arg)
{
    keel_at_exit(second);
    return arg;
}

/* Registered by tasks, one after the other. */
static int registered_by_tasks(void)
{
    keel_spawn(register_first, NULL);
    yield_until(&first_registered, 1);
    keel_task_await(keel_task_create(register_second, NULL, NULL), NULL);
    return main_status;
}

static uint32_t functions_run;

static void count_function(void)
{
    arrive(&functions_run);
}

static void print_functions_run(void)
{
    struct line line;
    line_begin(&line);
    line_number(&line, functions_run);
    line_write(&line, standard_output);
}

static void *register_many(void *arg)
{
    for (int i = 0; i < 50; i++) {
        keel_at_exit(count_function);
        keel_yield();
    }
    return arg;
}

/* Twenty tasks register fifty functions each, at the same time. */
static int registered_at_once(void)
{
    keel_task *tasks[20];
    keel_at_exit(print_functions_run);
    for (int i = 0; i < 20; i++)
        tasks[i] = keel_task_create(register_many, NULL, NULL);
    for (int i = 0; i < 20; i++)
        keel_task_await(tasks[i], NULL);
    return main_status;
}

/* ---- exit functions that park */

static keel_chan *chan;

static void send_word(void *arg)
{
    uint64_t word = (uintptr_t)arg;
    keel_sleep(MILLISECOND);
    keel_chan_send(chan, &word);
}

static void await_word(void)
{
    uint64_t word = 0;
    keel_spawn(send_word, (void *)5);
    keel_chan_receive(chan, &word);
    print(word == 5 ? "received" : "not received");
}

static int functions_park(void)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    keel_at_exit(first);
    keel_at_exit(await_word);
    for (int i = 0; i < 20; i++)
        keel_at_exit(keel_yield);
    return main_status;
}

/* The exit functions wait for a task that runs only when those who also exit give up their workers.
 */
static int functions_park_many_exit(void)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    keel_at_exit(await_word);
    return from_many_tasks();
}

static int exit_in_parked_function(void)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    keel_at_exit(first);
    keel_at_exit(exit_again);
    keel_at_exit(await_word);
    return main_status;
}

/* ---- while others run */

static uint32_t computing;

static void compute_for_ever(void *arg)
{
    (void)arg;
    arrive(&computing);
    for (volatile uint64_t i = 0;; i++) {
    }
}

static void yield_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        keel_yield();
}

static void sleep_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        keel_sleep(MILLISECOND / 10);
}

static void wait_in_channel(void *arg)
{
    (void)arg;
    keel_chan_receive(chan, NULL);
}

/* All others: running, ready, asleep, waiting, and not yet begun. */
static int while_others_run(void)
{
    chan = keel_chan_create(0, 0);
    keel_at_exit(first);
    if (keel_worker_count() > 1) {
        keel_spawn(compute_for_ever, NULL);
        spin_until(&computing, 1);
    }
    for (int i = 0; i < 20; i++) {
        keel_spawn(yield_for_ever, NULL);
        keel_spawn(sleep_for_ever, NULL);
        keel_spawn(wait_in_channel, NULL);
    }
    keel_spawn(spawn_for_ever, NULL);
    keel_sleep(5 * MILLISECOND);
    return main_status;
}

/* main computes and a task exits, on another worker. */
static int while_main_computes(void)
{
    keel_at_exit(first);
    if (keel_worker_count() < 2)
        keel_exit(task_status);
    keel_spawn(exit_from_task, (void *)task_status);
    compute_for_ever(NULL);
    return main_status;
}

static void *run_main_elsewhere(void *arg)
{
    (void)arg;
    keel_sleep(MILLISECOND);
    return NULL;
}

/* main has parked often and returns on whichever worker woke it. */
static int main_moves(void)
{
    keel_at_exit(first);
    for (int i = 0; i < 50; i++)
        keel_task_await(keel_task_create(run_main_elsewhere, NULL, NULL), NULL);
    return main_status;
}

static int at_once(void)
{
    keel_at_exit(first);
    for (int i = 0; i < 1000; i++)
        keel_spawn(register_first, NULL);
    keel_exit(main_status);
}

static const struct way ways[] = {
    {"from-task", from_task},
    {"from-many-tasks", from_many_tasks},
    {"registered-by-tasks", registered_by_tasks},
    {"registered-at-once", registered_at_once},
    {"functions-park", functions_park},
    {"functions-park-many-exit", functions_park_many_exit},
    {"exit-in-parked-function", exit_in_parked_function},
    {"while-others-run", while_others_run},
    {"while-main-computes", while_main_computes},
    {"main-moves", main_moves},
    {"at-once", at_once},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
