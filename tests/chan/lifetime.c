/*
 * References: what happens to the elements left inside, and that a channel may be released, and its
 * memory used for something else, as soon as the effect of the other side's call is seen.
 */
#include "keel/mem.h"
#include "tests/chan/waiting.h"

enum { log_most = 64 };

static uint64_t destroyed[log_most];
static size_t destroyed_count, other_count;

static void log_destroyed(void *element)
{
    destroyed[destroyed_count++] = *(uint64_t *)element;
}

static void count_other(void *element)
{
    (void)element;
    other_count++;
}

static void begin_log(void)
{
    destroyed_count = 0;
    other_count = 0;
}

/* A channel of capacity `count` that holds first ... first + count - 1, in a ring that has turned.
 */
static keel_chan *filled(uint64_t first, size_t count)
{
    keel_chan *chan = keel_chan_create(count, sizeof(uint64_t));
    uint64_t element = ~(uint64_t)0;
    for (size_t i = 0; i < count / 2; i++) {
        keel_chan_send(chan, &element);
        keel_chan_receive(chan, &element);
    }
    for (element = first; element < first + count; element++)
        keel_chan_send(chan, &element);
    return chan;
}

static void leftovers(void)
{
    begin_log();
    keel_chan_release(filled(10, 7), log_destroyed);
    size_t in_order = 0;
    for (size_t i = 0; i < destroyed_count; i++)
        in_order += destroyed[i] == 10 + i;
    check(destroyed_count == 7 && in_order == 7, "each element left inside is destroyed, in order");

    begin_log();
    keel_chan *chan = filled(20, 3);
    uint64_t element;
    keel_chan_receive(chan, &element);
    keel_chan_close(chan);
    keel_chan_release(chan, log_destroyed);
    check(destroyed_count == 2 && destroyed[0] == 21, "those that were received are not");

    begin_log();
    keel_chan_release(keel_chan_create(5, sizeof element), log_destroyed);
    check_equal(destroyed_count, 0, "an empty channel has none");

    chan = keel_chan_create(5, 0);
    keel_chan_send(chan, NULL);
    keel_chan_send(chan, NULL);
    keel_chan_release(chan, count_other);
    check_equal(other_count, 2, "elements of no bytes are destroyed too");
}

static void which_destroy(void)
{
    keel_chan *chan = keel_chan_retain(filled(1, 2));
    begin_log();
    keel_chan_release(chan, count_other);
    check_equal(other_count, 0, "a release before the last destroys nothing");
    keel_chan_release(chan, log_destroyed);
    check(destroyed_count == 2 && other_count == 0, "the last destroy that was given counts");

    chan = keel_chan_retain(keel_chan_retain(filled(1, 2)));
    begin_log();
    keel_chan_release(chan, count_other);
    keel_chan_release(chan, log_destroyed);
    keel_chan_release(chan, NULL);
    check(destroyed_count == 2 && other_count == 0, "NULL gives none, and takes none away");

    keel_chan_release(filled(1, 2), NULL);
    check(true, "without any, they are left alone");
}

static void counting(void)
{
    keel_chan *chan = filled(1, 3);
    check(keel_chan_retain(chan) == chan, "retain gives the same channel");
    for (int i = 0; i < 99; i++)
        keel_chan_retain(chan);
    begin_log();
    for (int i = 0; i < 100; i++)
        keel_chan_release(chan, log_destroyed);
    check_equal(destroyed_count, 0, "100 of 101 references free nothing");
    uint64_t element = 0;
    check(keel_chan_receive(chan, &element) == 1 && element == 1, "the channel still works");
    keel_chan_release(chan, NULL);
    check_equal(destroyed_count, 2, "the last one frees");
}

static void *release_later(void *arg)
{
    keel_yield();
    keel_chan_release(arg, count_other);
    return NULL;
}

static void many_release(void)
{
    enum { count = 100, rounds = 100 };
    keel_task *tasks[count];
    begin_log();
    for (int round = 0; round < rounds; round++) {
        keel_chan *chan = filled(1, 3);
        for (int i = 0; i < count; i++)
            tasks[i] = keel_task_create(release_later, keel_chan_retain(chan), NULL);
        keel_chan_release(chan, NULL);
        for (int i = 0; i < count; i++)
            keel_task_await(tasks[i], NULL);
    }
    check_equal(other_count, 3 * rounds, "of 100 tasks that release at once, the last one frees");
}

/* ---- released while the other side has not returned */

enum { rounds = 20000, fill_byte = 0xa5 };

/* Releases the last reference and takes the memory for something else. */
static unsigned char *release_and_reuse(keel_chan *chan)
{
    size_t size = keel_usable_size(chan);
    keel_chan_release(chan, NULL);
    unsigned char *memory = keel_alloc(size);
    for (size_t i = 0; i < size; i++)
        memory[i] = fill_byte;
    return memory;
}

/* Whether nobody wrote to the memory; frees it. */
static bool untouched(unsigned char *memory)
{
    size_t size = keel_usable_size(memory), wrong = 0;
    for (size_t i = 0; i < size; i++)
        wrong += memory[i] != fill_byte;
    keel_free(memory);
    return wrong == 0;
}

static void *send_word(void *arg)
{
    uint64_t word = 3;
    return (void *)(intptr_t)keel_chan_send(arg, &word);
}

static void *receive_word(void *arg)
{
    uint64_t word;
    return (void *)(intptr_t)(keel_chan_receive(arg, &word) - 1);
}

static void *close_it(void *arg)
{
    keel_chan_close(arg);
    return NULL;
}

static void *drop_it(void *arg)
{
    keel_chan_drop_sender(arg);
    return NULL;
}

/* `call` is one side, in a task of its own; here is the other. */
static void released_early(void *(*call)(void *), size_t capacity, const char *what)
{
    size_t wrong = 0;
    for (int round = 0; round < rounds && wrong == 0; round++) {
        keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
        keel_task *task = keel_task_create(call, chan, NULL);
        if (round % 3 == 1)
            keel_yield();
        uint64_t word = 3;
        if (call == receive_word)
            keel_chan_send(chan, &word);
        else
            keel_chan_receive(chan, &word);
        unsigned char *memory = release_and_reuse(chan);
        void *result = (void *)-1;
        keel_task_await(task, &result);
        wrong += result != NULL || !untouched(memory);
    }
    check_equal(wrong, 0, what);
}

int main(void)
{
    leftovers();
    which_destroy();
    counting();
    many_release();
    released_early(send_word, 0, "who received may release: rendezvous");
    released_early(send_word, 1, "who received may release: capacity 1");
    released_early(receive_word, 0, "who sent to a rendezvous may release");
    released_early(close_it, 0, "who saw the end may release before the close returns");
    released_early(drop_it, 2, "who saw the end may release before the last drop returns");
    return tap_done();
}
