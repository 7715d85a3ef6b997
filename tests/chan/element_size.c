/* Elements of every size, through channels of every capacity, arrive whole, in order, and nothing
 * else is written. */
#include "tests/chan/waiting.h"

enum { size_most = 4096, margin = 16, margin_byte = 0xa5 };

struct stream {
    keel_chan *chan;
    size_t size;
    uint32_t count;
    uint32_t sender_pauses, receiver_pauses; /* yields after every so many; 0: never */
    uint32_t refused;
};

static uint8_t expected_byte(uint32_t number, size_t i)
{
    return (uint8_t)(number * 7 + i * 13 + (i >> 8));
}

static void pause_after(uint32_t number, uint32_t pauses)
{
    if (pauses != 0 && number % pauses == 0)
        keel_yield();
}

static void *send_all(void *arg)
{
    struct stream *stream = arg;
    uint8_t element[size_most + 1];
    uint8_t *place = element + 1; /* unaligned */
    for (uint32_t number = 0; number < stream->count; number++) {
        for (size_t i = 0; i < stream->size; i++)
            place[i] = expected_byte(number, i);
        stream->refused += keel_chan_send(stream->chan, stream->size > 0 ? place : NULL) != 0;
        /* Sent is copied: what the sender does to it now does not matter. */
        for (size_t i = 0; i < stream->size; i++)
            place[i] = 0;
        pause_after(number, stream->sender_pauses);
    }
    keel_chan_close(stream->chan);
    return NULL;
}

static bool is_whole(const uint8_t *area, const struct stream *stream, uint32_t number)
{
    const uint8_t *place = area + margin;
    for (size_t i = 0; i < stream->size; i++) {
        if (place[i] != expected_byte(number, i))
            return false;
    }
    for (size_t i = 0; i < margin; i++) {
        if (area[i] != margin_byte || place[stream->size + i] != margin_byte)
            return false;
    }
    return true;
}

/* How many elements arrived whole and in their turn. */
static uint32_t receive_all(struct stream *stream)
{
    static uint8_t area[margin + size_most + margin];
    for (size_t i = 0; i < sizeof area; i++)
        area[i] = margin_byte;
    uint32_t whole = 0;
    for (uint32_t number = 0;; number++) {
        void *place = stream->size > 0 ? area + margin : NULL;
        if (keel_chan_receive(stream->chan, place) != 1)
            break;
        whole += is_whole(area, stream, number);
        for (size_t i = 0; i < stream->size; i++)
            area[margin + i] = margin_byte;
        pause_after(number, stream->receiver_pauses);
    }
    /* The end writes nothing. */
    return is_whole(area, &(struct stream){.size = 0}, 0) ? whole : 0;
}

static bool run(size_t capacity, size_t size, uint32_t sender_pauses, uint32_t receiver_pauses)
{
    struct stream stream = {
        .chan = keel_chan_create(capacity, size),
        .size = size,
        .count = (uint32_t)capacity * 2 + 100,
        .sender_pauses = sender_pauses,
        .receiver_pauses = receiver_pauses,
    };
    keel_task *sender = keel_task_create(send_all, &stream, NULL);
    uint32_t whole = receive_all(&stream);
    keel_task_await(sender, NULL);
    keel_chan_release(stream.chan, NULL);
    return whole == stream.count && stream.refused == 0;
}

int main(void)
{
    static const size_t sizes[] = {0, 1, 3, 8, 24, size_most};
    static const size_t capacities[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof capacities / sizeof capacities[0]; j++) {
            bool passed = run(capacities[j], sizes[i], 0, 0) &&
                          run(capacities[j], sizes[i], 1, 0) &&
                          run(capacities[j], sizes[i], 0, 1) && run(capacities[j], sizes[i], 3, 5);
            struct line what;
            line_begin(&what);
            line_text(&what, "elements of ");
            line_number(&what, sizes[i]);
            line_text(&what, " bytes, capacity ");
            line_number(&what, capacities[j]);
            what.text[what.len] = '\0';
            check(passed, what.text);
        }
    }
    return tap_done();
}
