/* Rows of tasks with channels: ping-pong, one to one, a ring, and skynet. */
#include "bench.h"

enum {
    buffered_capacity = 1024,
    ring_tasks = 503,
    children = 10,
    leaves = 1000 * 1000,
};

/* ---- two channels between two tasks; an operation is there and back, or one message */

struct link {
    keel_chan *there, *back;
    uint64_t count;
};

static void *echo(void *arg)
{
    struct link *link = arg;
    uint64_t number;
    while (keel_chan_receive(link->there, &number) == 1)
        keel_chan_send(link->back, &number);
    return NULL;
}

static void ping_pong(uint64_t count)
{
    struct link link = {make_chan(0), make_chan(0), count};
    keel_task *task = start(echo, &link);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = i;
        keel_chan_send(link.there, &number);
        keel_chan_receive(link.back, &number);
        if (number != i)
            give_up("another message came back");
    }
    keel_chan_close(link.there);
    keel_task_await(task, NULL);
    keel_chan_release(link.there, NULL);
    keel_chan_release(link.back, NULL);
}

static void *send_all(void *arg)
{
    struct link *link = arg;
    for (uint64_t i = 0; i < link->count; i++)
        keel_chan_send(link->there, &i);
    keel_chan_close(link->there);
    return NULL;
}

static void buffered(uint64_t count)
{
    struct link link = {make_chan(buffered_capacity), NULL, count};
    keel_task *task = start(send_all, &link);
    uint64_t number, sum = 0;
    while (keel_chan_receive(link.there, &number) == 1)
        sum += number;
    if (sum != count * (count - 1) / 2)
        give_up("a message was lost");
    keel_task_await(task, NULL);
    keel_chan_release(link.there, NULL);
}

/* ---- a token goes round a ring of 503 tasks; an operation is one hop */

struct station {
    keel_chan *in, *out, *end;
    uint64_t number;
};

/* Who receives 0 reports itself; the others pass on one less, until their channel is closed. */
static void *pass_on(void *arg)
{
    struct station *station = arg;
    uint64_t hops;
    while (keel_chan_receive(station->in, &hops) == 1) {
        if (hops == 0) {
            keel_chan_send(station->end, &station->number);
            continue;
        }
        hops--;
        keel_chan_send(station->out, &hops);
    }
    return NULL;
}

static void thread_ring(uint64_t count)
{
    static keel_chan *chans[ring_tasks];
    static struct station stations[ring_tasks];
    static keel_task *tasks[ring_tasks];
    keel_chan *end = make_chan(0);
    for (int i = 0; i < ring_tasks; i++)
        chans[i] = make_chan(0);
    for (int i = 0; i < ring_tasks; i++) {
        stations[i] =
            (struct station){chans[i], chans[(i + 1) % ring_tasks], end, (uint64_t)(i + 1)};
        tasks[i] = start(pass_on, &stations[i]);
    }
    uint64_t last;
    keel_chan_send(chans[0], &count);
    keel_chan_receive(end, &last);
    if (last != count % ring_tasks + 1)
        give_up("the token ended with another task");
    for (int i = 0; i < ring_tasks; i++)
        keel_chan_close(chans[i]);
    for (int i = 0; i < ring_tasks; i++) {
        keel_task_await(tasks[i], NULL);
        keel_chan_release(chans[i], NULL);
    }
    keel_chan_release(end, NULL);
}

/* ---- skynet: ten children a node, a million leaves, each sends its number up; an operation is a
 * leaf */

struct node {
    keel_chan *up;
    uint64_t number, size;
};

static void sky(void *arg)
{
    struct node *node = arg;
    uint64_t sum = node->number;
    if (node->size > 1) {
        struct node below[children];
        keel_chan *chan = make_chan(0);
        uint64_t size = node->size / children;
        for (uint64_t i = 0; i < children; i++) {
            below[i] = (struct node){chan, node->number + i * size, size};
            if (keel_spawn(sky, &below[i]) != 0)
                give_up("no memory for a task");
        }
        sum = 0;
        for (int i = 0; i < children; i++) {
            uint64_t part = 0;
            keel_chan_receive(chan, &part);
            sum += part;
        }
        keel_chan_release(chan, NULL);
    }
    keel_chan_send(node->up, &sum);
}

static void skynet(uint64_t count)
{
    struct node root = {make_chan(0), 0, count};
    uint64_t sum = 0;
    if (keel_spawn(sky, &root) != 0)
        give_up("no memory for a task");
    keel_chan_receive(root.up, &sum);
    if (sum != count * (count - 1) / 2)
        give_up("the sum of skynet is another number");
    keel_chan_release(root.up, NULL);
}

const struct row channel_rows[] = {
    {"ping-pong", ping_pong, 1000, 0, false, false},
    {"buffered", buffered, 1000, 0, false, false},
    {"threadring", thread_ring, 1000, 0, false, false},
    {"skynet", skynet, 0, leaves, false, false},
    {NULL, NULL, 0, 0, false, false},
};
