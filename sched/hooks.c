/*
 * What the rooms below call when a scheduler is in the image. This object also defines `sched`,
 * which every other object of the room refers to: so whoever uses any of it has the hooks too.
 */
#include "base/output.h"
#include "base/process.h"
#include "boot/boot.h"
#include "sched/fork_hooks.h"
#include "sched/mutex.h"
#include "sched/unusual.h"
#include "sched/watchdog.h"
#include "signal/signal.h"

BEGIN_TOUCHED_AT_START struct sched sched;

TOUCHED_AT_START static struct sched_worker first_worker;
TOUCHED_AT_START static struct sched_mutex printing;

__attribute__((weak)) void sched_hook_watchdog_start(void)
{
}

/* Before main: the main thread becomes a worker, and main its running task. */
void boot_hook_start(void)
{
    /* Written before the options, which lie beside it, are read: to read first is a fault more. */
    list_init(&sched.idle);
    sched.covered = CLOCK_FOREVER;
    sched_read_options();
    sched_worker_init(&first_worker, thread_block(), 0);
    sched_timers_init(&first_worker, NULL);
    sched_hook_activity(&first_worker, SCHED_ACTIVITY_RUNNING);
    sched.workers[0] = &first_worker;
    sched.worker_count = 1;
    sched.awake = 1;
    sched_main_task.identity = (struct task_identity){.id = 1, .name = "main"};
    sched_main_task.state = SCHED_TASK_RUNNING;
    thread_block()->task = &sched_main_task.identity;
    signal_start();
    sched_hook_watchdog_start();
}

/* Another task runs the exit functions; this one holds no worker while it waits for the end. */
static _Noreturn void wait_for_exit(void)
{
    bool can_park = sched_can_park();
    if (can_park)
        sched_settle_forks();
    /* RELEASE: with the ACQUIRE in are_gone (wait_all.c), as the end of a task. */
    if (sched_is_task(sched_self()))
        atomic_fetch_add(&sched.exiting, 1, RELEASE);
    sched_anyone_let_go(); /* here, because the thread may look for no work any more */
    if (!can_park)
        process_wait_for_end();
    for (;;)
        sched_park(SCHED_WAIT_EXIT, NULL, sched_step_none, NULL);
}

__attribute__((weak)) void sched_hook_exit(int status)
{
    (void)status;
}

__attribute__((weak)) void sched_hook_blocking_exit(bool is_first)
{
    (void)is_first;
}

/*
 * Who is inside is known by the task, not by the thread: an exit function may park and wake on
 * another thread. A later caller must not hold its worker: an exit function may need it.
 */
void boot_hook_exit_begin(int status)
{
    sched_hook_exit(status);
    /* Who runs the exit functions: a task's identity; a byte of our own where there is no task. */
    TOUCHED_AT_START static const void *owner;
    static const char no_task;
    const void *caller = thread_block()->task;
    if (caller == NULL)
        caller = &no_task;
    const void *before = NULL;
    /* RELAXED: claims; nothing else is published by it. */
    bool is_first =
        atomic_compare_exchange(&owner, &before, caller, RELAXED, RELAXED) || before == caller;
    if (unlikely(thread_block()->blocking != NULL))
        sched_hook_blocking_exit(is_first);
    if (!is_first)
        wait_for_exit();
    process_let_others_end();
    sched_place_call_back();
}

void output_hook_begin(void)
{
    sched_mutex_lock(&printing);
}

void output_hook_end(void)
{
    sched_mutex_unlock(&printing);
}
