/*
 * A task overflows its stack: the first one that the process has, or, with an argument, the third.
 * With initialised data (WITH_DATA) the first lies elsewhere.
 */
#include <keel.h>

#ifdef WITH_DATA
static volatile int number = 5;
#else
static volatile int number;
#endif

__attribute__((noinline)) static int deeper(volatile int depth)
{
    volatile char frame[1000];
    if (depth < 0)
        return 0;
    frame[0] = (char)depth;
    return deeper(depth + 1) + frame[0] + number;
}

static void overflow(void *chan)
{
    keel_task_set_name(0, "deep");
    number += deeper(0);
    keel_chan_send(chan, &(int){0});
}

/* Keeps a stack. */
static void wait(void *chan)
{
    int received;
    keel_chan_receive(chan, &received);
}

int main(int argc, char **argv)
{
    (void)argv;
    keel_chan *never = keel_chan_create(0, sizeof(int));
    keel_chan *chan = keel_chan_create(0, sizeof(int));
    for (int i = 1; i < argc; i++)
        keel_spawn(wait, never);
    keel_yield();
    int received;
    keel_spawn(overflow, chan);
    keel_chan_receive(chan, &received);
    return 0;
}
