/*
 * Threads that are no workers, and tasks, on the same channels: each element arrives once, through
 * every capacity; deadlines, and the end of a channel, are the same for both.
 */
#include <asm/errno.h>

#include "keel.h"
#include "tests/sched/meeting.h"

enum { parties = 6, each = 2000, elements = 2 * parties * each };

static keel_chan *chan;
static uint8_t seen[elements]; /* atomic */
static uint32_t senders_left, receivers_left, next_sender;
static uint32_t failed;

static void fail(void)
{
    atomic_fetch_add(&failed, 1, RELAXED); /* RELAXED: read when all have ended */
}

static void send_all(void *arg)
{
    bool with_deadlines = arg != NULL;
    /* RELAXED: a number by itself. */
    uint32_t first = atomic_fetch_add(&next_sender, 1, RELAXED) * each;
    for (uint32_t i = first; i < first + each; i++) {
        int result = -ETIMEDOUT;
        if (!with_deadlines)
            result = keel_chan_send(chan, &i);
        while (with_deadlines && result == -ETIMEDOUT)
            result = keel_chan_send_until(chan, &i, keel_now() + MILLISECOND / 50);
        if (result != 0)
            fail();
    }
    arrive(&senders_left);
}

static void receive_all(void *arg)
{
    bool with_deadlines = arg != NULL;
    uint32_t element = 0;
    for (;;) {
        int result = with_deadlines
                         ? keel_chan_receive_until(chan, &element, keel_now() + MILLISECOND / 50)
                         : keel_chan_receive(chan, &element);
        if (result == 0)
            break;
        if (result == 1)
            atomic_fetch_add(&seen[element], 1, RELAXED); /* RELAXED: read when all have ended */
        else if (result != -ETIMEDOUT)
            fail();
    }
    arrive(&receivers_left);
}

static void run(size_t capacity, void *with_deadlines, const char *what)
{
    bool started = true;
    senders_left = receivers_left = next_sender = 0;
    chan = keel_chan_create(capacity, sizeof(uint32_t));
    for (int i = 0; i < parties; i++) {
        started &= keel_spawn(send_all, with_deadlines) == 0;
        started &= keel_spawn(receive_all, with_deadlines) == 0;
        started &= keel_thread_start(send_all, with_deadlines, 0) == 0;
        started &= keel_thread_start(receive_all, with_deadlines, 0) == 0;
    }
    bool ended = started && yield_until(&senders_left, 2 * parties);
    keel_chan_close(chan);
    ended = ended && yield_until(&receivers_left, 2 * parties);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < elements; i++) {
        wrong += seen[i] != 1;
        seen[i] = 0;
    }
    check(ended && wrong == 0 && failed == 0, what);
    if (ended)
        keel_chan_release(chan, NULL);
}

/* ---- one thread, step by step */

static keel_chan *empty, *full;
static int results[6];
static int64_t timed;
static uint32_t steps, done;

static void step_by_step(void *arg)
{
    uint64_t element = 1;
    (void)arg;
    results[0] = keel_chan_try_receive(empty, &element);
    results[1] = keel_chan_try_send(full, &element);
    int64_t before = keel_now();
    results[2] = keel_chan_receive_until(empty, &element, before + 2 * MILLISECOND);
    timed = keel_now() - before;
    results[3] = keel_chan_send_until(full, &element, keel_now() + MILLISECOND);
    arrive(&steps);
    results[4] = keel_chan_receive(empty, &element); /* main closes it */
    arrive(&steps);
    results[5] = keel_chan_send(full, &element);
    arrive(&done);
}

static void alone(void)
{
    empty = keel_chan_create(1, sizeof(uint64_t));
    full = keel_chan_create(0, sizeof(uint64_t));
    check_equal(keel_thread_start(step_by_step, NULL, 0), 0, "a thread is started");
    yield_until(&steps, 1);
    keel_sleep(10 * MILLISECOND);
    keel_chan_close(empty);
    yield_until(&steps, 2);
    keel_sleep(5 * MILLISECOND);
    keel_chan_close(full);
    check(yield_until(&done, 1), "closing wakes a thread that waits");
    check(results[0] == -EAGAIN && results[1] == -EAGAIN, "who tries does not wait");
    check(results[2] == -ETIMEDOUT && results[3] == -ETIMEDOUT, "a deadline ends a wait");
    check(timed >= 2 * MILLISECOND, "and not before");
    check(results[4] == 0 && results[5] == -EPIPE, "a closed channel says so");
}

int main(void)
{
    alone();
    run(0, NULL, "threads and tasks meet at a channel without room");
    run(1, NULL, "with room for one");
    run(64, NULL, "with room for many");
    run(0, &chan, "with deadlines, without room");
    run(3, &chan, "with deadlines and little room");
    return tap_done();
}
