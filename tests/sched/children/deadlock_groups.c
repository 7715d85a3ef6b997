/*
 * Deadlocks of tasks from many places; the first argument says which: "places", more than the
 * report has room for; "reasons", one place and different reasons; "pair", two tasks of a kind;
 * "all", tasks that wait for the end of all others, which are stuck; "nested", a wait some calls
 * deep.
 */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static keel_chan *chan;

static void receive(void *arg)
{
    (void)arg;
    keel_chan_receive(chan, NULL);
}

static void send(void *arg)
{
    (void)arg;
    keel_chan_send(keel_chan_create(0, 0), NULL);
}

/* Each spawn is a place of its own. */
#define SPAWN    keel_spawn(receive, NULL)
#define SPAWN_10 SPAWN, SPAWN, SPAWN, SPAWN, SPAWN, SPAWN, SPAWN, SPAWN, SPAWN, SPAWN

static int places(void)
{
    SPAWN_10, SPAWN_10, SPAWN_10, SPAWN_10, SPAWN_10, SPAWN_10, SPAWN_10;
    receive(NULL);
    return 0;
}

/* The counters are volatile, so that a loop stays one place. */
static int reasons(void)
{
    static void (*const waits[])(void *) = {receive, send, receive, send, send};
    for (volatile size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        keel_spawn(waits[i], NULL);
    receive(NULL);
    return 0;
}

static int pair(void)
{
    for (volatile int i = 0; i < 2; i++)
        keel_spawn(receive, NULL);
    receive(NULL);
    return 0;
}

static void wait_all(void *arg)
{
    (void)arg;
    keel_wait_all();
}

static void *sleep_for_ever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    return arg;
}

static void await(void *task)
{
    keel_task_await(task, NULL);
}

static int all(void)
{
    for (volatile int i = 0; i < 3; i++)
        keel_spawn(wait_all, NULL);
    keel_spawn(await, begun(keel_task_create(sleep_for_ever, NULL, NULL)));
    keel_wait_all();
    return 0;
}

/* Neither inlined nor left before the call returns. */
#define CALL(name, callee)                                                                         \
    static __attribute__((noinline)) void name(void *arg)                                          \
    {                                                                                              \
        callee;                                                                                    \
        *(volatile int *)arg = 0;                                                                  \
    }

CALL(innermost, keel_chan_receive(chan, NULL))
CALL(inner, innermost(arg))
CALL(outer, inner(arg))
CALL(outermost, outer(arg))

static int nested(void)
{
    static int end;
    keel_spawn(outermost, &end);
    keel_sleep(KEEL_FOREVER);
    return end;
}

static const struct way ways[] = {
    {"places", places}, {"reasons", reasons}, {"pair", pair}, {"all", all}, {"nested", nested},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
