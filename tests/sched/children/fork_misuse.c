/* Forks that are joined wrongly, or not at all: the first argument says how. */
#include "keel/fork.h"

#include "keel/task.h"
#include "tests/sched/ways.h"

static void *child(void *arg)
{
    return arg;
}

static void *ends_at_once(void *arg)
{
    keel_fork_frame frame;
    keel_fork(&frame, child, arg);
    return NULL;
}

static void *ends_after_a_yield(void *arg)
{
    keel_fork_frame frame;
    keel_fork(&frame, child, arg);
    keel_yield();
    return NULL;
}

/* Elsewhere, or after its maker has parked: not hosted by who awaits it. */
static int own_task(void *(*fn)(void *))
{
    keel_task *task = keel_task_create(fn, NULL, NULL);
    keel_sleep(1000 * 1000);
    keel_task_await(task, NULL);
    return 0;
}

static int unjoined(void)
{
    return own_task(ends_at_once);
}

static int unjoined_task(void)
{
    return own_task(ends_after_a_yield);
}

/* On the stack of who awaits it, who has forked too. */
static int hosted(void *(*fn)(void *))
{
    keel_fork_frame frames[2];
    keel_fork(&frames[0], child, NULL);
    keel_yield();
    keel_fork(&frames[1], child, NULL);
    keel_task_await(keel_task_create(fn, NULL, NULL), NULL);
    keel_join(&frames[1]);
    keel_join(&frames[0]);
    return 0;
}

static int unjoined_hosted(void)
{
    return hosted(ends_at_once);
}

static int unjoined_hosted_task(void)
{
    return hosted(ends_after_a_yield);
}

/* Who ends the process need not join. */
static int exits(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, child, NULL);
    keel_exit(0);
}

static void *joins_all(void *arg)
{
    keel_fork_frame frame;
    keel_fork(&frame, child, arg);
    keel_yield();
    keel_join(&frame);
    keel_fork(&frame, child, arg);
    keel_join(&frame);
    return NULL;
}

static int joined(void)
{
    return hosted(joins_all);
}

static int wrong_order(void)
{
    keel_fork_frame frames[2];
    keel_fork(&frames[0], child, NULL);
    keel_fork(&frames[1], child, NULL);
    keel_join(&frames[0]);
    return 0;
}

static int twice(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, child, NULL);
    keel_join(&frame);
    keel_join(&frame);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {
        {"unjoined", unjoined},
        {"unjoined-task", unjoined_task},
        {"unjoined-hosted", unjoined_hosted},
        {"unjoined-hosted-task", unjoined_hosted_task},
        {"exits", exits},
        {"joined", joined},
        {"wrong-order", wrong_order},
        {"twice", twice},
    };
    return GO_THE_WAY(ways, argc, argv);
}
