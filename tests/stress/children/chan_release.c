/*
 * The lifetime of channels: who has learnt from a call's effect that it is done may release the
 * channel at once, even while the other side has not returned from its call. So each scene frees
 * its channel at the earliest legal moment, and the memory is taken again in that moment, filled,
 * and looked at a little later: a late read finds garbage, a late write is found.
 *
 * Elements are counted: each that was sent is received or destroyed with the channel, once.
 */
#include "base/memory.h"
#include "chan/chan.h"
#include "tests/stress/stress.h"

enum { scenes_at_once = 6, rounds = 250, helpers = 4, elements_most = 20, blocks = 3 };
enum { filling = 0xee };

static uint64_t destroyed_count, destroyed_sum; /* atomic */

struct scene {
    struct stress_random random;
    uint64_t elements;
};

/* Takes the memory that was just freed, most likely, and watches it for a while. */
static void reuse_memory(struct stress_random *random, size_t bytes)
{
    unsigned char *taken[blocks];
    for (unsigned i = 0; i < blocks; i++) {
        taken[i] = keel_alloc(bytes);
        if (taken[i] == NULL)
            stress_fail("no memory for a block", 0, 1);
        memset(taken[i], filling, bytes);
    }
    stress_pause(random);
    for (unsigned i = 0; i < blocks; i++) {
        for (size_t j = 0; j < bytes; j++) {
            if (taken[i][j] != filling)
                stress_fail("a write after free, at byte", (int64_t)j, filling);
        }
        keel_free(taken[i]);
    }
}

/* Of the size class of a channel: small ones have their slots within the first page. */
static void release_and_reuse(keel_chan *chan, struct stress_random *random)
{
    size_t bytes = keel_usable_size(chan);
    keel_chan_release(chan, NULL);
    reuse_memory(random, bytes);
}

static keel_task *start(void *(*fn)(void *), void *arg)
{
    return stress_create(fn, arg);
}

/* ---- one element: whoever learns that it has passed releases */

struct meeting {
    struct stress_random random;
    keel_chan *chan;
    uint64_t number;
};

static void *send_one(void *arg)
{
    struct meeting *meeting = arg;
    stress_pause(&meeting->random);
    return (void *)(uintptr_t)-keel_chan_send(meeting->chan, &meeting->number);
}

static void *send_one_and_release(void *arg)
{
    struct meeting *meeting = arg;
    keel_chan *chan = meeting->chan;
    stress_pause(&meeting->random);
    stress_equal((uint64_t)keel_chan_send(chan, &meeting->number), 0, "status of a send");
    release_and_reuse(chan, &meeting->random);
    return NULL;
}

static struct meeting meeting_of(struct scene *scene, size_t capacity)
{
    return (struct meeting){
        .random = {stress_next(&scene->random)},
        .chan = stress_chan(capacity, sizeof(uint64_t)),
        .number = stress_next(&scene->random),
    };
}

static void receive_number(struct meeting *meeting)
{
    uint64_t number = 0;
    stress_equal((uint64_t)keel_chan_receive(meeting->chan, &number), 1, "an element");
    stress_equal(number, meeting->number, "the element");
}

static void receiver_frees(struct scene *scene)
{
    struct meeting meeting = meeting_of(scene, stress_below(&scene->random, 3));
    keel_task *task = start(send_one, &meeting);
    stress_pause(&scene->random);
    receive_number(&meeting);
    release_and_reuse(meeting.chan, &scene->random);
    stress_equal((uintptr_t)stress_await(task), 0, "status of a send");
    scene->elements++;
}

/* Without capacity a send returns when its element has been received. */
static void sender_frees(struct scene *scene)
{
    struct meeting meeting = meeting_of(scene, 0);
    keel_task *task = start(send_one_and_release, &meeting);
    stress_pause(&scene->random);
    receive_number(&meeting);
    stress_await(task);
    scene->elements++;
}

/* ---- the end: whoever learns that the channel is closed releases */

static void *close_chan(void *arg)
{
    struct meeting *meeting = arg;
    stress_pause(&meeting->random);
    keel_chan_close(meeting->chan);
    return NULL;
}

static void woken_by_close_frees(struct scene *scene)
{
    struct meeting meeting = meeting_of(scene, stress_below(&scene->random, 3));
    keel_task *task = start(close_chan, &meeting);
    stress_pause(&scene->random);
    uint64_t number = 7;
    stress_equal((uint64_t)keel_chan_receive(meeting.chan, &number), 0, "the end");
    stress_equal(number, 7, "what a receive at the end leaves alone");
    release_and_reuse(meeting.chan, &scene->random);
    stress_await(task);
}

/* The same with waiting senders, of which the last to learn it releases. */
struct refusal {
    struct stress_random random;
    keel_chan *chan;
    uint32_t *left; /* atomic */
};

static void *send_until_refused(void *arg)
{
    struct refusal *refusal = arg;
    uint64_t sent = 0, number = 1;
    while (keel_chan_send(refusal->chan, &number) == 0) {
        sent++;
        stress_pause(&refusal->random);
    }
    /* ACQ_REL: the last one comes after all others' last use. */
    if (atomic_fetch_sub(refusal->left, 1u, ACQ_REL) == 1) {
        uint64_t received = 0;
        while (keel_chan_receive(refusal->chan, &number) == 1)
            received++;
        release_and_reuse(refusal->chan, &refusal->random);
        return (void *)(uintptr_t)(sent - received);
    }
    return (void *)(uintptr_t)sent;
}

static void refused_senders_free(struct scene *scene)
{
    uint32_t left = helpers;
    keel_chan *chan = stress_chan(stress_below(&scene->random, 4), sizeof(uint64_t));
    struct refusal refusals[helpers];
    keel_task *tasks[helpers];
    for (unsigned i = 0; i < helpers; i++) {
        refusals[i] = (struct refusal){{stress_next(&scene->random)}, chan, &left};
        tasks[i] = start(send_until_refused, &refusals[i]);
    }
    uint64_t wanted = stress_below(&scene->random, elements_most), number;
    for (uint64_t i = 0; i < wanted; i++)
        stress_equal((uint64_t)keel_chan_receive(chan, &number), 1, "an element");
    keel_chan_close(chan);
    uint64_t sent = 0;
    for (unsigned i = 0; i < helpers; i++)
        sent += (uintptr_t)stress_await(tasks[i]);
    stress_equal(sent, wanted, "elements that were sent and not drained");
    scene->elements += wanted;
}

/* ---- counted senders: the receiver releases when the last drop has closed */

static void *send_some_and_drop(void *arg)
{
    struct meeting *meeting = arg;
    for (uint64_t i = 0; i < meeting->number; i++) {
        uint64_t one = 1;
        stress_equal((uint64_t)keel_chan_send(meeting->chan, &one), 0, "status of a send");
        stress_pause(&meeting->random);
    }
    keel_chan_drop_sender(meeting->chan);
    return NULL;
}

static void receiver_frees_after_drops(struct scene *scene)
{
    struct meeting senders[helpers];
    keel_task *tasks[helpers];
    keel_chan *chan = stress_chan(stress_below(&scene->random, 4), sizeof(uint64_t));
    uint64_t wanted = 0, sum = 0, number;
    for (unsigned i = 0; i < helpers; i++) {
        uint64_t count = stress_below(&scene->random, elements_most);
        senders[i] =
            (struct meeting){{stress_next(&scene->random)}, keel_chan_clone_sender(chan), count};
        tasks[i] = start(send_some_and_drop, &senders[i]);
        wanted += count;
    }
    keel_chan_drop_sender(chan);
    while (keel_chan_receive(chan, &number) == 1)
        sum += number;
    release_and_reuse(chan, &scene->random);
    stress_equal(sum, wanted, "elements from counted senders");
    for (unsigned i = 0; i < helpers; i++)
        stress_await(tasks[i]);
    scene->elements += sum;
}

/* ---- everybody has a reference: send, receive, close, drop, release in any order */

struct owner {
    struct stress_random random;
    keel_chan *chan;
    uint64_t sent_count, sent_sum, received_count, received_sum;
};

static void destroy_element(void *element)
{
    uint64_t number;
    memcpy(&number, element, sizeof number);
    /* RELAXED: counts, read after every task has ended. */
    atomic_fetch_add(&destroyed_count, 1u, RELAXED);
    atomic_fetch_add(&destroyed_sum, number, RELAXED);
}

/*
 * Whoever waits must be woken: the ring has room for all that the owners may send, so only receives
 * wait, and each owner drops its sender before it receives: the last drop closes.
 */
static void *own(void *arg)
{
    struct owner *owner = arg;
    uint64_t count = stress_below(&owner->random, elements_most);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = stress_below(&owner->random, 1000000);
        if (keel_chan_send(owner->chan, &number) == 0) {
            owner->sent_count++;
            owner->sent_sum += number;
        }
        stress_pause(&owner->random);
    }
    if (stress_below(&owner->random, 8) == 0)
        keel_chan_close(owner->chan);
    keel_chan_drop_sender(owner->chan);
    uint64_t number, most = stress_below(&owner->random, elements_most);
    while (owner->received_count < most && keel_chan_receive(owner->chan, &number) == 1) {
        owner->received_count++;
        owner->received_sum += number;
        stress_pause(&owner->random);
    }
    keel_chan_release(owner->chan, destroy_element);
    reuse_memory(&owner->random, 256);
    return NULL;
}

static void everybody_owns(struct scene *scene)
{
    struct owner owners[helpers];
    keel_task *tasks[helpers];
    uint64_t capacity = helpers * elements_most;
    keel_chan *chan = stress_chan(capacity, sizeof(uint64_t));
    for (unsigned i = 0; i < helpers; i++) {
        owners[i] = (struct owner){.random = {stress_next(&scene->random)}};
        owners[i].chan = keel_chan_retain(keel_chan_clone_sender(chan));
        tasks[i] = start(own, &owners[i]);
    }
    keel_chan_drop_sender(chan);
    keel_chan_release(chan, NULL);
    for (unsigned i = 0; i < helpers; i++)
        stress_await(tasks[i]);
    for (unsigned i = 0; i < helpers; i++) {
        scene->elements += owners[i].received_count;
        /* RELAXED: subtracted now what destroy_element adds; the balance is looked at in main. */
        atomic_fetch_sub(&destroyed_count, owners[i].sent_count - owners[i].received_count,
                         RELAXED);
        atomic_fetch_sub(&destroyed_sum, owners[i].sent_sum - owners[i].received_sum, RELAXED);
    }
}

/* ---- all at once */

static void *play(void *arg)
{
    static void (*const scenes[])(struct scene *) = {
        receiver_frees,       sender_frees,         receiver_frees, sender_frees,
        woken_by_close_frees, refused_senders_free, everybody_owns, receiver_frees_after_drops,
    };
    struct scene *scene = arg;
    for (unsigned i = 0; i < rounds; i++)
        scenes[stress_below(&scene->random, sizeof scenes / sizeof scenes[0])](scene);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct scene scenes[scenes_at_once];
    keel_task *tasks[scenes_at_once];
    uint64_t elements = 0;
    stress_begin("chan_release", argc, argv);
    /* The first channels are no blocks of the heap. These are kept, so that the others are. */
    for (int i = 0; i < chan_first_most; i++)
        keel_chan_create(0, 1);
    for (unsigned i = 0; i < scenes_at_once; i++) {
        scenes[i].random = stress_sequence(i);
        tasks[i] = stress_create(play, &scenes[i]);
    }
    for (unsigned i = 0; i < scenes_at_once; i++) {
        stress_await(tasks[i]);
        elements += scenes[i].elements;
    }
    stress_equal(destroyed_count, 0, "elements neither received nor destroyed (or twice)");
    stress_equal(destroyed_sum, 0, "the sum of those elements");
    return stress_done(elements, "elements");
}
