/*
 * Deadlocks of tasks from many places; the first argument says which: "places", more than the
 * report has room for; "reasons", one place and different reasons; "pair", two tasks of a kind.
 */
#include "keel/chan.h"
#include "sched/sched.h"
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

static const struct way ways[] = {{"places", places}, {"reasons", reasons}, {"pair", pair}};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
