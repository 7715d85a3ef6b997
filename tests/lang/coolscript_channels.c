/* Coolscript's channels, in both forms: elements that are copied, and owned pointers. */
#include "runtime.h"

#include "tests/mem/resident.h"
#include "tests/sched/meeting.h"

/* ---- the form with elements */

struct point {
    int32_t x, y, z;
};

static void send_points(void *data)
{
    cs_channel_t *chan = data;
    for (int32_t i = 0; i < 1000; i++) {
        struct point point = {i, -i, 2 * i};
        cs_chan_send(chan, &point);
        point = (struct point){0};
    }
    cs_chan_close(chan);
}

static void elements(size_t capacity, const char *what)
{
    cs_channel_t *chan = cs_chan_create(capacity, sizeof(struct point));
    cs_spawn(send_points, chan);
    int32_t count = 0, wrong = 0;
    struct point point;
    int result;
    while ((result = cs_chan_receive(chan, &point)) == 1) {
        wrong += point.x != count || point.y != -count || point.z != 2 * count;
        count++;
    }
    check(count == 1000 && wrong == 0 && result == 0, what);
    point.x = 77;
    check(cs_chan_receive(chan, &point) == 0 && point.x == 77,
          "  the end stays, and writes nothing");
    cs_chan_close(chan);
    check_equal(cs_chan_receive(chan, &point), 0, "  a second close does nothing");
    cs_chan_release(chan);
}

static void close_drains(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof(int32_t));
    for (int32_t i = 0; i < 4; i++)
        cs_chan_send(chan, &i);
    cs_chan_close(chan);
    int32_t right = 0, element;
    for (int32_t i = 0; cs_chan_receive(chan, &element) == 1; i++)
        right += element == i;
    check_equal(right, 4, "close lets receivers drain what is inside");
    cs_chan_release(chan);
}

static void send_ten_and_drop(void *data)
{
    cs_channel_t *chan = data;
    for (int32_t i = 1; i <= 10; i++)
        cs_chan_send(chan, &i);
    cs_chan_drop_sender(chan);
}

static void counted_senders(void)
{
    cs_channel_t *chan = cs_chan_create(3, sizeof(int32_t));
    bool same = true;
    for (int i = 0; i < 20; i++) {
        cs_channel_t *clone = cs_chan_clone_sender(chan);
        same &= clone == chan;
        cs_spawn(send_ten_and_drop, clone);
    }
    check(same, "a cloned sender is the same channel");
    cs_chan_drop_sender(chan);
    int32_t sum = 0, element;
    while (cs_chan_receive(chan, &element) == 1)
        sum += element;
    check_equal(sum, 20 * 55, "the last of 20 dropped senders closes, and no element is lost");
    cs_chan_release(chan);
}

/* ---- the form with pointers */

static void send_blocks(void *data)
{
    cs_channel_t *chan = data;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t *block = cs_alloc(sizeof *block);
        *block = i;
        cs_chan_send_ptr(chan, block);
    }
    cs_chan_close(chan);
}

static void pointers(size_t capacity, const char *what)
{
    cs_channel_t *chan = cs_chan_create_ptr(capacity);
    cs_spawn(send_blocks, chan);
    uint64_t count = 0, wrong = 0;
    for (uint64_t *block; (block = cs_chan_receive_ptr(chan)) != NULL; count++) {
        wrong += *block != count;
        cs_free(block);
    }
    check(count == 1000 && wrong == 0, what);
    check(cs_chan_receive_ptr(chan) == NULL, "  None stays at the end");
    cs_chan_release(chan);
}

/* "The same channel with element size 8": both forms of the calls work on it. */
static void pointers_are_elements(void)
{
    cs_channel_t *chan = cs_chan_create_ptr(2);
    uint64_t *first = cs_alloc(sizeof *first), *second = cs_alloc(sizeof *second);
    void *received = NULL;
    cs_chan_send(chan, &first);
    cs_chan_send_ptr(chan, second);
    check(cs_chan_receive_ptr(chan) == first, "an element that was sent is received as a pointer");
    check(cs_chan_receive(chan, &received) == 1 && received == second, "and the other way round");
    cs_free(first);
    cs_free(second);
    cs_chan_release(chan);
}

/* ---- releasing */

enum { rounds = 5000, leftovers = 8, block_size = 4000, little = 40 * 1024 * 1024 };

static void fill(cs_channel_t *chan)
{
    for (int i = 0; i < leftovers; i++) {
        char *block = cs_alloc(block_size);
        block[0] = block[block_size - 1] = 1;
        cs_chan_send_ptr(chan, block);
    }
}

/* If they were not freed, the rounds would take 160 MB. */
static void release_frees_leftovers(void)
{
    int64_t before = statm_read(statm_resident);
    if (before <= 0) {
        skip("released channels free what is inside", "there is no /proc");
        return;
    }
    for (int round = 0; round < rounds; round++) {
        cs_channel_t *chan = cs_chan_create_ptr(leftovers);
        fill(chan);
        cs_chan_release(chan);
    }
    int64_t grown = statm_read(statm_resident) - before;
    tap_note("bytes after 5,000 releases", grown);
    check(before > 0 && grown < little, "a released channel of pointers frees what is inside");

    before = statm_read(statm_resident);
    for (int round = 0; round < rounds; round++) {
        cs_channel_t *chan = cs_chan_create_ptr(leftovers);
        cs_chan_clone_sender(chan);
        fill(chan);
        cs_chan_release(chan);
        cs_chan_drop_sender(chan); /* the last reference */
    }
    grown = statm_read(statm_resident) - before;
    tap_note("bytes after 5,000 last drops", grown);
    check(grown < little, "so does the drop of a sender that gives up the last reference");
}

static void send_one_block(void *data)
{
    cs_chan_send_ptr(data, cs_alloc(16));
}

/* The receiver may release as soon as it has the element. */
static void release_at_once(void)
{
    uint64_t lost = 0;
    for (int i = 0; i < 5000; i++) {
        cs_channel_t *chan = cs_chan_create_ptr((size_t)i % 2);
        cs_spawn(send_one_block, chan);
        void *block = cs_chan_receive_ptr(chan);
        cs_chan_release(chan);
        lost += block == NULL;
        cs_free(block);
    }
    check_equal(lost, 0, "5,000 channels are released by who received their only element");
}

int main(void)
{
    elements(0, "elements arrive in order: rendezvous");
    elements(1, "elements arrive in order: capacity 1");
    elements(100, "elements arrive in order: capacity 100");
    close_drains();
    counted_senders();
    pointers(0, "pointers arrive in order: rendezvous");
    pointers(1, "pointers arrive in order: capacity 1");
    pointers(100, "pointers arrive in order: capacity 100");
    pointers_are_elements();
    release_frees_leftovers();
    release_at_once();
    return tap_done();
}
