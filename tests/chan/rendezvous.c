/* When a send returns: at capacity 0 when its element was received, else as soon as there is room.
 */
#include "tests/chan/waiting.h"

static uint32_t sent, received;

static void *send_one(void *arg)
{
    uint64_t element = 11;
    int result = keel_chan_send(arg, &element);
    arrive(&sent);
    return (void *)(intptr_t)result;
}

static void *receive_one(void *arg)
{
    uint64_t element = 0;
    int result = keel_chan_receive(arg, &element);
    arrive(&received);
    return (void *)(intptr_t)(result == 1 && element == 12);
}

/* Time enough for a send that does not wait to return. */
static void let_others_run(void)
{
    for (int i = 0; i < 100; i++)
        keel_yield();
    keel_sleep(2 * MILLISECOND);
}

static void sender_waits(keel_chan *chan, const char *what)
{
    sent = 0;
    keel_task *sender = keel_task_create(send_one, chan, NULL);
    check(until_senders_wait(chan, 1), what);
    let_others_run();
    check_equal(sent, 0, "  it has not returned");
    check_equal(senders_waiting(chan), 1, "  it still waits");
    uint64_t element = 0;
    check_equal(keel_chan_receive(chan, &element), 1, "  until somebody receives");
    void *result = (void *)-1;
    keel_task_await(sender, &result);
    check(result == NULL && sent == 1, "  then it returns 0");
}

static void receiver_waits(size_t capacity, const char *what)
{
    received = 0;
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    keel_task *receiver = keel_task_create(receive_one, chan, NULL);
    check(until_receivers_wait(chan, 1), what);
    let_others_run();
    check_equal(received, 0, "  it has not returned");
    uint64_t element = 12;
    check_equal(keel_chan_send(chan, &element), 0, "  a send does not wait for it to run");
    check_equal(keel_chan_length(chan), 0, "  the element went past the buffer");
    void *result = NULL;
    keel_task_await(receiver, &result);
    check(result != NULL, "  and it has the element");
    keel_chan_release(chan, NULL);
}

static void buffered(void)
{
    keel_chan *chan = keel_chan_create(3, sizeof(uint64_t));
    uint64_t element = 1;
    int refused = 0;
    for (; element <= 3; element++)
        refused += keel_chan_send(chan, &element) != 0;
    check_equal(refused, 0, "sends into a buffer with room return without a receiver");
    sender_waits(chan, "a sender waits when the buffer is full");
    uint64_t left[3] = {0};
    for (int i = 0; i < 3; i++)
        keel_chan_receive(chan, &left[i]);
    check(left[0] == 2 && left[1] == 3 && left[2] == 11, "  its element is the last in the buffer");
    keel_chan_release(chan, NULL);
}

int main(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    sender_waits(chan, "a sender waits at a rendezvous");
    keel_chan_release(chan, NULL);
    buffered();
    receiver_waits(0, "a receiver waits at a rendezvous");
    receiver_waits(4, "a receiver waits at an empty buffer");
    return tap_done();
}
