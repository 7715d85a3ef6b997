/* Close: what is inside is drained, who waits is woken, nothing is lost and nothing delivered
 * twice. */
#include <asm/errno.h>

#include "tests/chan/waiting.h"

/* The crowd: more than a worker's ring holds, and than are woken at a time. */
enum { waiter_count = 50, crowd = 1500 };

static void drains(void)
{
    keel_chan *chan = keel_chan_create(5, sizeof(uint64_t));
    uint64_t element = 0;
    for (; element < 3; element++)
        keel_chan_send(chan, &element);
    keel_chan_close(chan);
    check_equal(keel_chan_send(chan, &element), -EPIPE, "a send to a closed channel is refused");
    int right = 0;
    for (uint64_t i = 0; i < 3; i++)
        right += keel_chan_receive(chan, &element) == 1 && element == i;
    check_equal(right, 3, "what was inside is drained");
    element = 77;
    check_equal(keel_chan_receive(chan, &element), 0, "then receives report the end");
    check_equal(element, 77, "and write nothing");
    keel_chan_close(chan);
    check_equal(keel_chan_receive(chan, &element), 0, "a second close changes nothing");
    check_equal(keel_chan_send(chan, &element), -EPIPE, "sends are still refused");
    keel_chan_release(chan, NULL);
}

static void *send_seven(void *arg)
{
    uint64_t element = 7;
    return (void *)(intptr_t)keel_chan_send(arg, &element);
}

static void *receive_nothing(void *arg)
{
    uint64_t element = 99;
    int result = keel_chan_receive(arg, &element);
    return (void *)(intptr_t)(result == 0 && element == 99);
}

static void wakes_senders(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    keel_task *tasks[waiter_count];
    uint64_t element = 1;
    for (size_t i = 0; i < capacity; i++)
        keel_chan_send(chan, &element);
    for (size_t i = 0; i < waiter_count; i++)
        tasks[i] = keel_task_create(send_seven, chan, NULL);
    bool wait = until_senders_wait(chan, waiter_count);
    keel_chan_close(chan);
    size_t refused = 0;
    for (size_t i = 0; i < waiter_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        refused += (intptr_t)result == -EPIPE;
    }
    check(wait && refused == waiter_count, what);
    size_t drained = 0, foreign = 0;
    for (; keel_chan_receive(chan, &element) == 1; drained++)
        foreign += element != 1;
    check(drained == capacity && foreign == 0, "  none of their elements is inside");
    keel_chan_release(chan, NULL);
}

static void wakes_receivers(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    keel_task *tasks[waiter_count];
    for (size_t i = 0; i < waiter_count; i++)
        tasks[i] = keel_task_create(receive_nothing, chan, NULL);
    bool wait = until_receivers_wait(chan, waiter_count);
    keel_chan_close(chan);
    size_t ended = 0;
    for (size_t i = 0; i < waiter_count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        ended += result != NULL;
    }
    check(wait && ended == waiter_count, what);
    keel_chan_release(chan, NULL);
}

/* ---- close against sends and receives, at any moment */

enum { racers = 6, race_elements = 60, race_rounds = 3000 };

static uint64_t accepted_sum, accepted, delivered_sum, delivered; /* atomic */

static void *send_until_closed(void *arg)
{
    uint64_t first = keel_task_id() * 1000;
    for (uint64_t i = 0; i < race_elements; i++) {
        uint64_t element = first + i;
        if (keel_chan_send(arg, &element) != 0)
            break;
        /* RELAXED: read when all have ended. */
        atomic_fetch_add(&accepted, 1, RELAXED);
        atomic_fetch_add(&accepted_sum, element, RELAXED);
    }
    return NULL;
}

static void *receive_until_closed(void *arg)
{
    uint64_t element;
    while (keel_chan_receive(arg, &element) == 1) {
        atomic_fetch_add(&delivered, 1, RELAXED); /* RELAXED: as above */
        atomic_fetch_add(&delivered_sum, element, RELAXED);
    }
    return NULL;
}

static void *close_after_yields(void *arg)
{
    for (uint64_t i = 0; i < keel_task_id() % 7; i++)
        keel_yield();
    keel_chan_close(arg);
    return NULL;
}

static void race(size_t capacity)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    keel_task *tasks[3 * racers];
    for (size_t i = 0; i < racers; i++) {
        tasks[3 * i] = keel_task_create(receive_until_closed, chan, NULL);
        tasks[3 * i + 1] = keel_task_create(send_until_closed, chan, NULL);
        tasks[3 * i + 2] = keel_task_create(close_after_yields, chan, NULL);
        keel_yield();
    }
    for (size_t i = 0; i < 3 * racers; i++)
        keel_task_await(tasks[i], NULL);
    keel_chan_release(chan, NULL);
}

static void races(void)
{
    for (size_t round = 0; round < race_rounds; round++)
        race(round % 4);
    tap_note("elements accepted before a close", (int64_t)accepted);
    check(accepted > race_rounds, "elements are accepted until the close");
    check_equal(delivered, accepted, "as many are delivered as were accepted");
    check(delivered_sum == accepted_sum, "and they are the same");
}

static keel_task *of_crowd[crowd];
static size_t gone_on; /* atomic */

/* They go on as they are woken, and others run meanwhile. */
static void *receive_in_crowd(void *arg)
{
    void *result = receive_nothing(arg);
    keel_yield();
    atomic_fetch_add(&gone_on, 1, RELAXED); /* RELAXED: a count, read when all have ended */
    return result;
}

static void wakes_a_crowd(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    for (size_t i = 0; i < crowd; i++)
        of_crowd[i] = keel_task_create(receive_in_crowd, chan, NULL);
    bool wait = until_receivers_wait(chan, crowd);
    keel_chan_close(chan);
    keel_chan_release(chan, NULL);
    size_t right = 0;
    for (size_t i = 0; i < crowd; i++) {
        void *result = NULL;
        keel_task_await(of_crowd[i], &result);
        right += result != NULL;
    }
    check(wait && right == crowd, "close ends more than a thousand receivers");
    check_equal(gone_on, crowd, "  each once");
}

int main(void)
{
    drains();
    wakes_senders(0, "close refuses waiting senders: rendezvous");
    wakes_senders(3, "close refuses waiting senders: full buffer");
    wakes_receivers(0, "close ends waiting receivers: rendezvous");
    wakes_receivers(3, "close ends waiting receivers: empty buffer");
    wakes_a_crowd();
    races();
    return tap_done();
}
