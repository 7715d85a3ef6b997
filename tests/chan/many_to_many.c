/* Many senders, many receivers: each element is delivered exactly once, through every capacity. */
#include "tests/chan/waiting.h"

enum { most = 100000 };

static uint8_t seen[most]; /* atomic */

struct party {
    keel_chan *chan;
    uint32_t first, count; /* the sender's own elements */
};

static void *send_own(void *arg)
{
    struct party *party = arg;
    for (uint32_t i = party->first; i < party->first + party->count; i++) {
        keel_chan_send(party->chan, &i);
        if (i % 97 == 0)
            keel_yield();
    }
    keel_chan_drop_sender(party->chan);
    return NULL;
}

static void *receive_any(void *arg)
{
    struct party *party = arg;
    uint32_t element, count = 0;
    while (keel_chan_receive(party->chan, &element) == 1) {
        atomic_fetch_add(&seen[element], 1, RELAXED); /* RELAXED: read when all have ended */
        if (++count % 89 == 0)
            keel_yield();
    }
    return (void *)(uintptr_t)count;
}

static size_t not_seen_once(uint32_t count)
{
    size_t wrong = 0;
    for (uint32_t i = 0; i < count; i++) {
        wrong += seen[i] != 1;
        seen[i] = 0;
    }
    return wrong;
}

enum { party_most = 64 };

static void run(size_t capacity, uint32_t senders, uint32_t receivers, uint32_t count,
                const char *what)
{
    static struct party sending[party_most], receiving[party_most];
    keel_task *tasks[2 * party_most];
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint32_t));
    uint32_t each = count / senders;
    for (uint32_t i = 0; i < senders; i++) {
        sending[i] = (struct party){keel_chan_clone_sender(chan), i * each, each};
        tasks[i] = keel_task_create(send_own, &sending[i], NULL);
    }
    keel_chan_drop_sender(chan);
    for (uint32_t i = 0; i < receivers; i++) {
        receiving[i] = (struct party){.chan = chan};
        tasks[senders + i] = keel_task_create(receive_any, &receiving[i], NULL);
    }
    uintptr_t received = 0;
    for (uint32_t i = 0; i < senders + receivers; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        received += (uintptr_t)result;
    }
    size_t wrong = not_seen_once(each * senders);
    check(received == each * senders && wrong == 0, what);
    keel_chan_release(chan, NULL);
}

int main(void)
{
    run(0, 8, 8, most, "8 to 8, rendezvous");
    run(1, 8, 8, most, "8 to 8, capacity 1");
    run(7, 8, 8, most, "8 to 8, capacity 7");
    run(1000, 8, 8, most, "8 to 8, capacity 1,000");
    run(0, 64, 1, most, "64 to 1, rendezvous");
    run(3, 64, 1, most, "64 to 1, capacity 3");
    run(0, 1, 64, most, "1 to 64, rendezvous");
    run(3, 1, 64, most, "1 to 64, capacity 3");
    run(2, 64, 64, most, "64 to 64, capacity 2");
    return tap_done();
}
