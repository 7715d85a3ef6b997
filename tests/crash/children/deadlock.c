/*
 * Programs of which nothing can go on, and some that look so for a while; the first argument says
 * which.
 */
#include "keel/chan.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static keel_chan *chan;

static void *receive(void *arg)
{
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *send(void *arg)
{
    keel_chan_send(chan, NULL);
    return arg;
}

/* ---- deadlocks */

static int main_alone(void)
{
    receive(NULL);
    return 0;
}

static int await_waiting_task(void)
{
    keel_task_await(begun(keel_task_create(receive, NULL, NULL)), NULL);
    return 0;
}

static int thousand_tasks(void)
{
    for (int i = 0; i < 1000; i++)
        keel_task_detach(keel_task_create(receive, NULL, NULL));
    return await_waiting_task();
}

static int two_groups(void)
{
    keel_chan *first = chan, *second = keel_chan_create(0, 0);
    for (int i = 0; i < 30; i++)
        keel_task_detach(keel_task_create(receive, NULL, &(keel_task_options){.name = "reader"}));
    keel_sleep(20 * MILLISECOND); /* all of them wait on the first channel */
    chan = second;
    for (int i = 0; i < 20; i++)
        keel_task_detach(keel_task_create(send, NULL, &(keel_task_options){.name = "writer"}));
    keel_sleep(20 * MILLISECOND);
    keel_chan_receive(first, NULL);
    return 0;
}

static int sleep_for_ever(void)
{
    keel_sleep(KEEL_FOREVER);
    return 0;
}

static uint32_t keepers_begun;

static void *keep_worker(void *arg)
{
    arrive(&keepers_begun);
    spin_until(&keepers_begun, keel_worker_count());
    return arg;
}

/* All workers are there and have gone to sleep before main waits for ever. */
static int idle_workers(void)
{
    for (uint32_t i = 1; i < keel_worker_count(); i++) {
        keel_task_detach(keel_task_create(keep_worker, NULL, NULL));
        spin_until(&keepers_begun, i);
    }
    arrive(&keepers_begun);
    keel_sleep(20 * MILLISECOND);
    return main_alone();
}

/* main ends its sleep, and then nothing is left. */
static int after_sleep(void)
{
    keel_task_detach(keel_task_create(receive, NULL, NULL));
    keel_sleep(20 * MILLISECOND);
    return main_alone();
}

/* An exit function that waits for ever. */
static void wait_at_exit(void)
{
    receive(NULL);
}

static int at_exit(void)
{
    keel_at_exit(wait_at_exit);
    return 0;
}

/* ---- none: somebody sleeps, and will wake the others */

static void *sleep_and_send(void *arg)
{
    keel_sleep(100 * MILLISECOND);
    return send(arg);
}

static int sleeper(void)
{
    keel_task_detach(keel_task_create(sleep_and_send, NULL, NULL));
    keel_chan_receive(chan, NULL);
    return 0;
}

/* Everybody is asleep for a moment, again and again. */
static void *sleep_and_send_often(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        keel_sleep(1 + i % 50 * 1000);
        keel_chan_send(chan, NULL);
    }
    keel_chan_close(chan);
    return arg;
}

static int sleeper_often(void)
{
    keel_task_detach(keel_task_create(sleep_and_send_often, NULL, NULL));
    while (keel_chan_receive(chan, NULL) == 1)
        continue;
    return 0;
}

static void *compute_and_send(void *arg)
{
    int64_t end = keel_now() + 50 * MILLISECOND;
    while (keel_now() < end)
        continue;
    return send(arg);
}

/* All but one wait, and that one computes. */
static int computing(void)
{
    keel_task_detach(keel_task_create(compute_and_send, NULL, NULL));
    keel_chan_receive(chan, NULL);
    return 0;
}

static const struct way ways[] = {
    {"main-alone", main_alone},
    {"await-waiting-task", await_waiting_task},
    {"thousand-tasks", thousand_tasks},
    {"two-groups", two_groups},
    {"sleep-for-ever", sleep_for_ever},
    {"idle-workers", idle_workers},
    {"after-sleep", after_sleep},
    {"at-exit", at_exit},
    {"sleeper", sleeper},
    {"sleeper-often", sleeper_often},
    {"computing", computing},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
