/* What a channel says of itself, and what cannot be made. */
#include "keel/chan.h"

#include "tests/sched/meeting.h"

static void length_follows(void)
{
    keel_chan *chan = keel_chan_create(5, 3);
    check_equal(keel_chan_capacity(chan), 5, "the capacity is what was asked for");
    check_equal(keel_chan_length(chan), 0, "a new channel is empty");
    size_t wrong = 0;
    char element[3] = "ab";
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 1; i <= 5; i++) {
            keel_chan_send(chan, element);
            wrong += keel_chan_length(chan) != i;
        }
        for (size_t i = 5; i-- > 0;) {
            keel_chan_receive(chan, element);
            wrong += keel_chan_length(chan) != i;
        }
        /* So that the ring begins elsewhere in the next round. */
        keel_chan_send(chan, element);
        keel_chan_receive(chan, element);
    }
    check_equal(wrong, 0, "the length follows sends and receives");
    keel_chan_send(chan, element);
    keel_chan_close(chan);
    check_equal(keel_chan_length(chan), 1, "close leaves it as it is");
    keel_chan_release(chan, NULL);
}

static void rendezvous(void)
{
    keel_chan *chan = keel_chan_create(0, 8);
    check_equal(keel_chan_capacity(chan), 0, "a rendezvous has capacity 0");
    check_equal(keel_chan_length(chan), 0, "and is always empty");
    keel_chan_release(chan, NULL);
}

static void impossible(void)
{
    static const struct {
        size_t capacity, element_size;
        const char *what;
    } cases[] = {
        {SIZE_MAX, 2, "a product that overflows is refused"},
        {SIZE_MAX / 2 + 1, 2, "a product that is 0 by overflow is refused"},
        {(size_t)1 << 32, (size_t)1 << 32, "2^32 elements of 2^32 bytes are refused"},
        {SIZE_MAX, 1, "a product that leaves no room for the channel itself is refused"},
        {SIZE_MAX - 64, 1, "nor one that leaves too little"},
        {(size_t)1 << 55, 1, "more memory than there is is refused"},
        {1, (size_t)1 << 55, "for one element too"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(keel_chan_create(cases[i].capacity, cases[i].element_size) == NULL, cases[i].what);
    keel_chan *chan = keel_chan_create(0, (size_t)1 << 55);
    check(chan != NULL, "a rendezvous needs no memory for its element");
    keel_chan_release(chan, NULL);
}

static void signals(void)
{
    keel_chan *chan = keel_chan_create(SIZE_MAX, 0);
    if (!check(chan != NULL, "elements of no bytes need no memory, however many"))
        return;
    for (int i = 0; i < 1000; i++)
        keel_chan_send(chan, NULL);
    check_equal(keel_chan_length(chan), 1000, "1,000 of them are inside");
    keel_chan_close(chan);
    size_t count = 0;
    while (keel_chan_receive(chan, NULL) == 1)
        count++;
    check_equal(count, 1000, "and come out");
    keel_chan_release(chan, NULL);
}

int main(void)
{
    length_follows();
    rendezvous();
    impossible();
    signals();
    return tap_done();
}
