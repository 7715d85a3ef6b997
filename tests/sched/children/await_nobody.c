/* Awaits of tasks that nobody has a handle of; the first argument says which. */
#include "keel/task.h"
#include "tests/sched/begun.h"
#include "tests/sched/ways.h"

static void await_itself(void *arg)
{
    (void)arg;
    keel_task_await(keel_task_self(), NULL);
}

static void *sleep_for_ever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    return arg;
}

static int itself(void)
{
    keel_spawn(await_itself, NULL);
    keel_sleep(KEEL_FOREVER);
    return 0;
}

static int until(void)
{
    keel_task *task = begun(keel_task_create(sleep_for_ever, NULL, NULL));
    keel_task_detach(task);
    return keel_task_await_until(task, NULL, keel_now() + INT64_C(8000000000));
}

static int detached(void)
{
    keel_task *task = begun(keel_task_create(sleep_for_ever, NULL, NULL));
    keel_task_detach(task);
    return keel_task_await(task, NULL);
}

static const struct way ways[] = {
    {"itself", itself},
    {"detached", detached},
    {"until", until},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
