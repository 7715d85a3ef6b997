/* Who is first: elements of one sender keep their order, and who waits longest is served first. */
#include "tests/chan/waiting.h"

enum { sender_count = 8, element_count = 4000, queue_length = 20 };

struct element {
    uint32_t sender, number;
};

struct sender {
    keel_chan *chan;
    uint32_t number;
};

static void *send_in_order(void *arg)
{
    struct sender *sender = arg;
    for (uint32_t i = 0; i < element_count; i++) {
        struct element element = {sender->number, i};
        keel_chan_send(sender->chan, &element);
        if (i % 64 == sender->number)
            keel_yield();
    }
    keel_chan_drop_sender(sender->chan);
    return NULL;
}

static void of_each_sender(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(struct element));
    struct sender senders[sender_count];
    keel_task *tasks[sender_count];
    for (uint32_t i = 0; i < sender_count; i++) {
        senders[i] = (struct sender){keel_chan_clone_sender(chan), i};
        tasks[i] = keel_task_create(send_in_order, &senders[i], NULL);
    }
    keel_chan_drop_sender(chan);
    uint32_t next[sender_count] = {0};
    uint32_t wrong = 0, total = 0;
    struct element element;
    for (; keel_chan_receive(chan, &element) == 1; total++)
        wrong += element.number != next[element.sender]++;
    for (uint32_t i = 0; i < sender_count; i++)
        keel_task_await(tasks[i], NULL);
    check(wrong == 0 && total == sender_count * element_count, what);
    keel_chan_release(chan, NULL);
}

static void *send_own_number(void *arg)
{
    struct sender *sender = arg;
    return (void *)(intptr_t)keel_chan_send(sender->chan, &sender->number);
}

/* Senders queue up one by one behind a full buffer; what arrives is first the buffer, then they. */
static void of_waiting_senders(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint32_t));
    struct sender senders[queue_length];
    keel_task *tasks[queue_length];
    for (uint32_t i = 0; i < capacity; i++)
        keel_chan_send(chan, &i);
    bool queued = true;
    for (uint32_t i = 0; i < queue_length; i++) {
        senders[i] = (struct sender){chan, (uint32_t)capacity + i};
        tasks[i] = keel_task_create(send_own_number, &senders[i], NULL);
        queued &= until_senders_wait(chan, i + 1);
    }
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < capacity + queue_length; i++) {
        uint32_t number = ~0u;
        wrong += keel_chan_receive(chan, &number) != 1 || number != i;
    }
    for (uint32_t i = 0; i < queue_length; i++)
        keel_task_await(tasks[i], NULL);
    check(queued && wrong == 0, what);
    keel_chan_release(chan, NULL);
}

static void *receive_number(void *arg)
{
    uint32_t number = ~0u;
    keel_chan_receive(arg, &number);
    return (void *)(uintptr_t)number;
}

static void of_waiting_receivers(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint32_t));
    keel_task *tasks[queue_length];
    bool queued = true;
    for (uint32_t i = 0; i < queue_length; i++) {
        tasks[i] = keel_task_create(receive_number, chan, NULL);
        queued &= until_receivers_wait(chan, i + 1);
    }
    for (uint32_t i = 0; i < queue_length; i++)
        keel_chan_send(chan, &i);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < queue_length; i++) {
        void *number = NULL;
        keel_task_await(tasks[i], &number);
        wrong += (uintptr_t)number != i;
    }
    check(queued && wrong == 0, what);
    keel_chan_release(chan, NULL);
}

int main(void)
{
    of_each_sender(0, "each sender's elements keep their order: rendezvous");
    of_each_sender(1, "each sender's elements keep their order: capacity 1");
    of_each_sender(100, "each sender's elements keep their order: capacity 100");
    of_waiting_senders(0, "waiting senders are served in their order: rendezvous");
    of_waiting_senders(1, "waiting senders are served in their order: capacity 1");
    of_waiting_senders(5, "waiting senders are served in their order, behind the buffer");
    of_waiting_receivers(0, "waiting receivers are served in their order: rendezvous");
    of_waiting_receivers(5, "waiting receivers are served in their order: capacity 5");
    return tap_done();
}
