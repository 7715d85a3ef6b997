/* Counted senders: the last drop closes, and references = retained + (senders - 1). */
#include <asm/errno.h>

#include "tests/chan/waiting.h"

static uint32_t destroyed;

static void count_destroyed(void *element)
{
    (void)element;
    arrive(&destroyed);
}

static const uint64_t element = 5;

static void last_drop_closes(void)
{
    keel_chan *chan = keel_chan_create(4, sizeof element);
    check(keel_chan_clone_sender(chan) == chan, "a clone is the same channel");
    keel_chan_clone_sender(chan);
    keel_chan_drop_sender(chan);
    keel_chan_drop_sender(chan);
    check_equal(keel_chan_send(chan, &element), 0, "it is open while one sender is left");
    keel_chan_drop_sender(chan);
    check_equal(keel_chan_send(chan, &element), -EPIPE, "the last drop closes");
    uint64_t received = 0;
    check_equal(keel_chan_receive(chan, &received), 1, "what is inside is still there");
    check_equal(keel_chan_receive(chan, &received), 0, "and then it ends");
    keel_chan_release(chan, NULL);
}

static void *receive_end(void *arg)
{
    uint64_t received;
    return (void *)(intptr_t)keel_chan_receive(arg, &received);
}

static void last_drop_wakes(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof element);
    keel_task *receiver = keel_task_create(receive_end, chan, NULL);
    keel_chan_clone_sender(chan);
    check(until_receivers_wait(chan, 1), "a receiver waits");
    keel_chan_drop_sender(chan);
    keel_yield();
    check_equal(receivers_waiting(chan), 1, "the drop of a clone does not wake it");
    keel_chan_drop_sender(chan);
    void *result = (void *)-1;
    keel_task_await(receiver, &result);
    check(result == NULL, "the last drop does");
    keel_chan_release(chan, NULL);
}

/* Every order of a clone's drop, the creator's drop and the release frees once, with the last. */
static void frees_with_the_last_reference(void)
{
    keel_chan *chan = keel_chan_create(4, sizeof element);
    destroyed = 0;
    keel_chan_send(chan, &element);
    keel_chan_clone_sender(chan);
    keel_chan_drop_sender(chan);
    check_equal(destroyed, 0, "a clone and its drop free nothing");
    keel_chan_drop_sender(chan);
    check_equal(destroyed, 0, "the last sender's drop takes no reference");
    keel_chan_release(chan, count_destroyed);
    check_equal(destroyed, 1, "the creator's release frees");

    chan = keel_chan_create(4, sizeof element);
    destroyed = 0;
    keel_chan_send(chan, &element);
    keel_chan_clone_sender(chan);
    keel_chan_release(chan, count_destroyed);
    check_equal(destroyed, 0, "a release before a clone's drop does not free");
    check_equal(keel_chan_send(chan, &element), 0, "the clone can still send");
    keel_chan_drop_sender(chan);
    check_equal(destroyed, 2, "the clone's drop gives the last reference");

    chan = keel_chan_create(4, sizeof element);
    destroyed = 0;
    keel_chan_send(chan, &element);
    keel_chan_clone_sender(chan);
    keel_chan_drop_sender(chan);
    keel_chan_release(chan, count_destroyed);
    check_equal(destroyed, 1, "a release frees although a sender was never dropped");

    chan = keel_chan_create(4, sizeof element);
    destroyed = 0;
    keel_chan_send(chan, &element);
    keel_chan_clone_sender(chan);
    keel_chan_clone_sender(chan);
    keel_chan_retain(chan);
    keel_chan_release(chan, count_destroyed);
    keel_chan_drop_sender(chan);
    keel_chan_release(chan, NULL);
    check_equal(destroyed, 0, "each clone but the last counts one reference");
    keel_chan_drop_sender(chan);
    check_equal(destroyed, 1, "the last of them frees");
}

/* ---- many at once */

enum { sender_most = 200, elements_each = 50 };

static void *send_and_drop(void *arg)
{
    keel_chan *chan = arg;
    for (uint64_t i = 0; i < elements_each; i++)
        keel_chan_send(chan, &i);
    keel_chan_drop_sender(chan);
    return NULL;
}

/* Clones for two more while it is a sender itself. */
static void *clone_and_send(void *arg)
{
    keel_chan *chan = arg;
    for (int i = 0; i < 2; i++)
        keel_task_detach(keel_task_create(send_and_drop, keel_chan_clone_sender(chan), NULL));
    return send_and_drop(chan);
}

static void many(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof element);
    for (int i = 0; i < sender_most; i++)
        keel_task_detach(keel_task_create(clone_and_send, keel_chan_clone_sender(chan), NULL));
    keel_chan_drop_sender(chan);
    uint64_t received, count = 0;
    while (keel_chan_receive(chan, &received) == 1)
        count++;
    check_equal(count, 3 * sender_most * elements_each, what);
    check_equal(keel_chan_send(chan, &element), -EPIPE, "  and the end is the last drop");
    keel_chan_release(chan, NULL);
}

int main(void)
{
    last_drop_closes();
    last_drop_wakes();
    frees_with_the_last_reference();
    many(0, "all elements of 600 senders arrive before the end: rendezvous");
    many(10, "all elements of 600 senders arrive before the end: capacity 10");
    return tap_done();
}
