/*
 * What tasks and channels cost: prints the nanoseconds that one operation of the row in its first
 * argument takes. bench/tasks.go does the same things in Go, line by line; tools/bench-tasks runs
 * both.
 *
 * A row is run with ever more operations until it takes long enough to be measured; only the last
 * run counts, so what it measures is warm.
 */
#include "base/atomic.h" /* macros only: but for them this is a program like any other */
#include "keel.h"
#include "runtime.h"

enum {
    long_enough = 200 * 1000 * 1000, /* ns */
    first_count = 1000,
    million = 1000 * 1000,
    buffered_capacity = 1024,
};

static void print(const char *text)
{
    int64_t len = 0;
    while (text[len] != 0)
        len++;
    /* Only read. */
    cs_print_str((cs_string_t){(char *)(uintptr_t)text, len});
}

static _Noreturn void give_up(const char *reason)
{
    print("bench: ");
    print(reason);
    print("\n");
    keel_exit(2);
}

/* With two digits behind the point. */
static void print_hundredths(uint64_t number)
{
    char text[32];
    char *first = text + sizeof text;
    *--first = 0;
    *--first = '\n';
    for (int digits = 0; digits < 3 || number > 0; digits++) {
        if (digits == 2)
            *--first = '.';
        *--first = (char)('0' + number % 10);
        number /= 10;
    }
    print(first);
}

static bool is_same(const char *left, const char *right)
{
    while (*left != 0 && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

static keel_chan *make_chan(size_t capacity)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    if (chan == NULL)
        give_up("no memory for a channel");
    return chan;
}

static keel_task *start(void *(*fn)(void *), void *arg)
{
    keel_task *task = keel_task_create(fn, arg, NULL);
    if (task == NULL)
        give_up("no memory for a task");
    return task;
}

/* ---- two tasks yield to each other; an operation is one yield */

static void *yield_half(void *arg)
{
    for (uint64_t i = *(uint64_t *)arg / 2; i > 0; i--)
        keel_yield();
    return NULL;
}

static void yields(uint64_t count)
{
    keel_task *first = start(yield_half, &count);
    keel_task *second = start(yield_half, &count);
    keel_task_await(first, NULL);
    keel_task_await(second, NULL);
}

/* ---- tasks one by one, each started and awaited */

static void *do_nothing(void *arg)
{
    return arg;
}

static void spawn_and_await(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        keel_task_await(start(do_nothing, NULL), NULL);
}

/* ---- a million tasks that nobody awaits, until all have run */

static struct {
    uint64_t left; /* atomic */
    keel_chan *done;
} crowd;

static void count_down(void *arg)
{
    (void)arg;
    uint64_t one = 1;
    /* ACQ_REL: the last one reports for all. */
    if (atomic_fetch_sub(&crowd.left, 1u, ACQ_REL) == 1)
        keel_chan_send(crowd.done, &one);
}

static void spawn_all(uint64_t count)
{
    uint64_t one;
    crowd.left = count;
    crowd.done = make_chan(0);
    for (uint64_t i = 0; i < count; i++) {
        if (keel_spawn(count_down, NULL) != 0)
            give_up("no memory for a task");
    }
    keel_chan_receive(crowd.done, &one);
    keel_chan_release(crowd.done, NULL);
}

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

/* ---- measuring */

static const struct row {
    const char *name;
    void (*run)(uint64_t count);
    uint64_t fixed_count; /* 0: as many as take long enough */
} rows[] = {
    {"switch", yields, 0},
    {"spawn-await", spawn_and_await, 0},
    {"spawn-million", spawn_all, million},
    {"ping-pong", ping_pong, 0},
    {"buffered", buffered, 0},
};

static int64_t time_of(const struct row *row, uint64_t count)
{
    int64_t before = keel_now();
    row->run(count);
    return keel_now() - before;
}

static void measure(const struct row *row)
{
    uint64_t count = row->fixed_count != 0 ? row->fixed_count : first_count;
    int64_t took = time_of(row, count);
    if (row->fixed_count != 0)
        took = time_of(row, count);
    while (row->fixed_count == 0 && took < long_enough) {
        count *= 2;
        took = time_of(row, count);
    }
    print_hundredths((uint64_t)took * 100 / count);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (argc == 2 && is_same(argv[1], rows[i].name)) {
            measure(&rows[i]);
            return 0;
        }
    }
    give_up("which row? switch, spawn-await, spawn-million, ping-pong, buffered");
}
