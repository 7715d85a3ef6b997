/* References: the last one frees, and what happens to the elements left inside. */
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

    begin_log();
    keel_chan_release(filled(1, 2), NULL);
    check_equal(destroyed_count + other_count, 0, "without any, they are left alone");
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

int main(void)
{
    leftovers();
    which_destroy();
    counting();
    many_release();
    return tap_done();
}
