/*
 * Fork and join: random trees. A node forks a random number of children, whose sizes are uneven,
 * and between forks and joins it spins, yields, sleeps, awaits a task, or waits for a child of its
 * own by a channel. Each number is counted once, each join has its own child's sum, and what is
 * taken, taken back, or turned into a task is never lost or run twice.
 */
#include "tests/stress/stress.h"

enum { numbers = 3000, rounds = 6, children_most = 40, deep = 30 };

static uint32_t visited[numbers]; /* atomic */
static uint32_t forked;           /* atomic; to print */

struct range {
    struct stress_random random;
    uint32_t first, end;
    unsigned depth;
};

static void count_leaf(struct range *range)
{
    stress_spin(&range->random);
    /* RELAXED: each by itself; read after the joins. */
    if (atomic_exchange(&visited[range->first], 1, RELAXED) != 0)
        stress_fail("a number counted twice", range->first, 0);
}

static void *count(void *arg);

struct message {
    keel_chan *chan;
    uint64_t value;
};

static void *send(void *arg)
{
    struct message *message = arg;
    stress_equal((uint64_t)keel_chan_send(message->chan, &message->value), 0, "status of a send");
    return arg;
}

/* Forks a child and waits for what it sends. */
static void wait_for_child(struct stress_random *random)
{
    struct message message = {stress_chan(0, sizeof(uint64_t)), stress_next(random)};
    uint64_t got = 0;
    keel_fork_frame frame;
    keel_fork(&frame, send, &message);
    stress_equal((uint64_t)keel_chan_receive(message.chan, &got), 1, "status of a receive");
    stress_equal(got, message.value, "what a child sent");
    stress_equal(keel_join(&frame) == &message, true, "the result of a child that sends");
    keel_chan_release(message.chan, NULL);
}

static void *same(void *arg)
{
    return arg;
}

static void pause_in_node(struct stress_random *random)
{
    if (stress_below(random, 4) != 0)
        return;
    if (stress_below(random, 8) == 0)
        wait_for_child(random);
    else if (stress_below(random, 8) == 0)
        stress_equal(stress_await(stress_create(same, random)) == random, true, "an await");
    else
        stress_pause(random);
}

/* As deep as a task's stack allows, a child takes the rest one by one, without forking. */
static uint64_t count_plainly(struct range *range)
{
    uint64_t sum = range->end - range->first;
    for (; range->first < range->end; range->first++)
        count_leaf(range);
    return sum;
}

static uint64_t split(struct range *range)
{
    struct range parts[children_most];
    keel_fork_frame frames[children_most];
    unsigned part_count = 0;
    uint32_t first = range->first;
    unsigned most = 2 + (unsigned)stress_below(&range->random, children_most - 1);
    while (first < range->end && part_count < most) {
        uint32_t left = range->end - first;
        uint32_t len = 1 + (uint32_t)stress_below(&range->random, left);
        if (part_count + 1 == most)
            len = left;
        if (len == range->end - range->first)
            len--;
        parts[part_count] =
            (struct range){{stress_next(&range->random)}, first, first + len, range->depth + 1};
        keel_fork(&frames[part_count], count, &parts[part_count]);
        part_count++;
        first += len;
        pause_in_node(&range->random);
    }
    atomic_fetch_add(&forked, part_count, RELAXED); /* RELAXED: a number to print */
    uint64_t sum = 0;
    while (part_count > 0) {
        part_count--;
        uint32_t len = parts[part_count].end - parts[part_count].first;
        uint64_t got = (uintptr_t)keel_join(&frames[part_count]);
        stress_equal(got, len, "the sum of a child");
        sum += got;
        pause_in_node(&range->random);
    }
    return sum;
}

static void *count(void *arg)
{
    struct range range = *(struct range *)arg;
    uint64_t sum = range.end - range.first;
    if (sum == 1)
        count_leaf(&range);
    else if (range.depth >= deep)
        sum = count_plainly(&range);
    else
        sum = split(&range);
    return (void *)sum;
}

static void count_part(int64_t begin, int64_t end, void *data)
{
    struct range range = {.random = stress_sequence((uint64_t)begin), .first = (uint32_t)begin};
    (void)data;
    pause_in_node(&range.random);
    for (; range.first < (uint64_t)end; range.first++)
        count_leaf(&range);
}

static void check_visits(void)
{
    for (unsigned i = 0; i < numbers; i++) {
        if (visited[i] != 1)
            stress_fail("a number that nobody counted", i, 0);
        visited[i] = 0;
    }
}

/* Two trees at once, of two tasks whose turns are mixed; and a loop. */
int main(int argc, char **argv)
{
    stress_begin("fork", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (unsigned i = 0; i < rounds; i++) {
        uint32_t middle = 1 + (uint32_t)stress_below(&random, numbers - 1);
        struct range lower = {{stress_next(&random)}, 0, middle, 0};
        struct range upper = {{stress_next(&random)}, middle, numbers, 0};
        keel_task *task = stress_create(count, &lower);
        stress_equal((uintptr_t)count(&upper), numbers - middle, "numbers counted by children");
        stress_equal((uintptr_t)stress_await(task), middle, "numbers counted by a task's children");
        check_visits();
        keel_parallel_for(0, numbers, 1 + (int64_t)stress_below(&random, 50), count_part, NULL);
        check_visits();
    }
    return stress_done(forked, "forks");
}
