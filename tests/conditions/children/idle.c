/*
 * 1,000 tasks wait on a channel while main sleeps for as many seconds as the argument says (12).
 * Then the channel is closed, and all end.
 */
#include "keel/chan.h"
#include "tests/sched/meeting.h"

enum { task_count = 1000, seconds_usual = 12 };

static keel_chan *chan;

static void *wait_for_element(void *arg)
{
    uint64_t element;
    return keel_chan_receive(chan, &element) == 0 ? arg : NULL;
}

int main(int argc, char **argv)
{
    static keel_task *tasks[task_count];
    int64_t seconds = argc > 1 ? argv[1][0] - '0' : seconds_usual;
    chan = keel_chan_create(0, sizeof(uint64_t));
    for (int i = 0; i < task_count; i++)
        tasks[i] = keel_task_create(wait_for_element, &tasks[i], NULL);
    keel_sleep(seconds * 1000 * MILLISECOND);
    keel_chan_close(chan);
    for (int i = 0; i < task_count; i++) {
        void *result;
        keel_task_await(tasks[i], &result);
        if (result != &tasks[i])
            return 1;
    }
    return 0;
}
