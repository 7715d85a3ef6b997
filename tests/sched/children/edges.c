/*
 * The edges of the pool together, where the process ends: in the way that the first argument names.
 */
#include "keel.h"
#include "tests/sched/blocked.h"
#include "tests/sched/exiting.h"
#include "tests/sched/held.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static keel_chan *chan;
static keel_wait_group group;

static void receive(void)
{
    uint64_t element = 0;
    keel_chan_receive(chan, &element);
}

static int start(void (*fn)(void *))
{
    return keel_thread_start(fn, NULL, 0);
}

/* ---- deadlock, or not */

static void receive_later(void *arg)
{
    (void)arg;
    rest_in_kernel(30 * MILLISECOND);
    receive();
}

static void block_and_close(void *arg)
{
    (void)arg;
    block_in_kernel(200 * MILLISECOND);
    print("the call is over");
    keel_chan_close(chan);
}

/* A thread is the last to wait, while a call has lost its worker: the call ends the waits. */
static int thread_waits_beside_call(void)
{
    keel_spawn(block_and_close, NULL);
    start(receive_later);
    receive();
    return main_status;
}

/* The same, and the call does not end them. */
static void block_only(void *arg)
{
    (void)arg;
    block_in_kernel(60 * MILLISECOND);
    print("the call is over");
}

static int deadlock_after_call(void)
{
    keel_threads_announce();
    keel_spawn(block_only, NULL);
    start(receive_later);
    receive();
    return main_status;
}

/* The thread that waits last makes the report, on as little stack as a thread may have. */
static int deadlock_on_small_stack(void)
{
    keel_thread_start(receive_later, NULL, 1);
    receive();
    return main_status;
}

static void wait_for_all(void *arg)
{
    (void)arg;
    keel_wait_all();
    keel_wait_group_done(&group);
}

static int waits_in_a_circle(void)
{
    keel_wait_group_add(&group, 1);
    start(wait_for_all);
    keel_wait_group_wait(&group);
    return main_status;
}

/* ---- exit */

static uint32_t exits; /* atomic */

static void exit_held(void *arg)
{
    (void)arg;
    keel_thread_hold();
    while (!have_arrived(&exits, 1))
        keel_sleep(MILLISECOND);
    keel_sleep(30 * MILLISECOND);
    keel_exit(task_status);
}

static void exit_on_thread(void *arg)
{
    exit_held(arg);
}

static void wait_at_exit(void)
{
    arrive(&exits);
    keel_wait_all();
    print("all have ended");
}

/* The last of the others holds its thread, and waits for the exit. */
static int exits_held(void)
{
    keel_at_exit(wait_at_exit);
    keel_spawn(exit_held, NULL);
    return main_status;
}

static int exits_on_thread(void)
{
    keel_at_exit(wait_at_exit);
    start(exit_on_thread);
    return main_status;
}

/* The thread is gone when the function that it has registered runs. */
static void register_on_thread(void *arg)
{
    (void)arg;
    keel_at_exit(first);
    keel_wait_group_done(&group);
}

static int registers_on_thread(void)
{
    keel_wait_group_add(&group, 1);
    start(register_on_thread);
    keel_wait_group_wait(&group);
    return main_status;
}

/* ---- wrong calls */

static int end_without_begin(void)
{
    keel_thread_hold();
    keel_blocking_begin();
    keel_blocking_end();
    keel_blocking_end();
    return main_status;
}

/* ---- the watchdog */

static void hog(void *arg)
{
    (void)arg;
    hold_until_seen(meeting_pause);
    keel_exit(main_status);
}

/* Nobody is awake when a thread spawns: the watchdog sleeps too. */
static void spawn_hog(void *arg)
{
    (void)arg;
    rest_in_kernel(300 * MILLISECOND);
    keel_spawn(hog, NULL);
}

static int thread_spawns_hog(void)
{
    keel_blocking_begin(); /* who calls it has the watchdog */
    keel_blocking_end();
    start(spawn_hog);
    receive();
    return task_status;
}

static const struct way ways[] = {
    {"thread-waits-beside-call", thread_waits_beside_call},
    {"deadlock-after-call", deadlock_after_call},
    {"deadlock-on-small-stack", deadlock_on_small_stack},
    {"waits-in-a-circle", waits_in_a_circle},
    {"exits-held", exits_held},
    {"exits-on-thread", exits_on_thread},
    {"registers-on-thread", registers_on_thread},
    {"end-without-begin", end_without_begin},
    {"thread-spawns-hog", thread_spawns_hog},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(sizeof(uint64_t), 0);
    return GO_THE_WAY(ways, argc, argv);
}
