/* A waiting task costs no thread: 10,000 tasks wait on channels, and the workers are all the
 * threads. */
#include "keel/chan.h"

#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { task_count = 10000, chan_count = 100 };

static keel_chan *chans[chan_count];
static uint32_t begun;

static void *wait_on_channel(void *arg)
{
    uint64_t element = 7;
    arrive(&begun);
    int result = keel_chan_receive(arg, &element);
    return (void *)(uintptr_t)(result == 0 && element == 7);
}

int main(void)
{
    static keel_task *tasks[task_count];
    /* 1; under an emulator its own threads too. */
    long before = count_threads();
    if (before == 0) {
        skip("no more threads than workers", "there is no /proc");
        return tap_done();
    }
    for (int i = 0; i < chan_count; i++)
        chans[i] = keel_chan_create(0, sizeof(uint64_t));
    for (int i = 0; i < task_count; i++)
        tasks[i] = keel_task_create(wait_on_channel, chans[i % chan_count], NULL);
    check(yield_until(&begun, task_count), "10,000 tasks have begun");
    keel_sleep(10 * MILLISECOND); /* the last ones park */
    long threads = count_threads();
    tap_note("threads", threads);
    check(threads <= before + (long)keel_worker_count() - 1,
          "there are no more threads than workers");
    for (int i = 0; i < chan_count; i++)
        keel_chan_close(chans[i]);
    size_t wrong = 0;
    for (int i = 0; i < task_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        wrong += result == NULL;
    }
    check_equal(wrong, 0, "close wakes all of them");
    for (int i = 0; i < chan_count; i++)
        keel_chan_release(chans[i], NULL);
    return tap_done();
}
