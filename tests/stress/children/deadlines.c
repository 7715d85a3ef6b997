/*
 * Deadlines against what they race with: the ends of awaited tasks, sends and receives, the close
 * and the release of a channel. What is sent is received once; what timed out has moved nothing; a
 * task whose await timed out is awaited again, or detached; nobody waits on.
 */
#include <asm/errno.h>

#include "tests/stress/stress.h"

enum { users = 12, turns_most = 60, capacities = 3, children_most = 8 };

static keel_chan *chan;
static uint64_t sent, sent_sum, received, received_sum, ended; /* atomic */

struct user {
    struct stress_random random;
    uint64_t number, turns;
};

/* Mostly about as long as a neighbour's step takes; sometimes passed, sometimes long. */
static int64_t random_deadline(struct stress_random *random)
{
    if (stress_below(random, 16) == 0)
        return keel_now() + (int64_t)stress_below(random, 4 * stress_millisecond);
    return keel_now() + (int64_t)stress_below(random, 40 * stress_microsecond) -
           2 * stress_microsecond;
}

static void check_time(int64_t deadline)
{
    if (keel_now() < deadline)
        stress_fail("a deadline that came early", keel_now(), deadline);
}

static void *send_some(void *arg)
{
    struct user *user = arg;
    for (uint64_t i = 0; i < user->turns; i++) {
        uint64_t element = user->number * turns_most + i;
        int64_t deadline = random_deadline(&user->random);
        int result = keel_chan_send_until(chan, &element, deadline);
        if (result == 0) {
            atomic_fetch_add(&sent, 1u, RELAXED); /* RELAXED: read when all have ended */
            atomic_fetch_add(&sent_sum, element, RELAXED);
        } else {
            stress_equal((uint64_t)result, (uint64_t)-ETIMEDOUT, "a send's status");
            check_time(deadline);
        }
        stress_pause(&user->random);
    }
    keel_chan_drop_sender(chan);
    return NULL;
}

static void *receive_all(void *arg)
{
    struct user *user = arg;
    for (;;) {
        uint64_t element = UINT64_MAX;
        int64_t deadline = random_deadline(&user->random);
        int result = keel_chan_receive_until(chan, &element, deadline);
        if (result == 0)
            break;
        if (result == 1) {
            atomic_fetch_add(&received, 1u, RELAXED); /* RELAXED: as above */
            atomic_fetch_add(&received_sum, element, RELAXED);
        } else {
            stress_equal((uint64_t)result, (uint64_t)-ETIMEDOUT, "a receive's status");
            stress_equal(element, UINT64_MAX, "the element of a receive that timed out");
            check_time(deadline);
        }
        stress_pause(&user->random);
    }
    keel_chan_release(chan, NULL);
    return NULL;
}

static void *end_at_random(void *arg)
{
    struct stress_random random = {(uintptr_t)arg};
    stress_pause(&random);
    atomic_fetch_add(&ended, 1u, RELAXED); /* RELAXED: a count */
    return arg;
}

/* Awaits children, each with deadlines until it gives up or has it. */
static void *await_some(void *arg)
{
    struct user *user = arg;
    for (uint64_t i = 0; i < user->turns / 4; i++) {
        void *seed = (void *)(uintptr_t)(stress_next(&user->random) | 1), *result = NULL;
        keel_task *child = stress_create(end_at_random, seed);
        int status = -ETIMEDOUT;
        for (uint64_t tries = stress_below(&user->random, 4); status != 0 && tries > 0; tries--) {
            int64_t deadline = random_deadline(&user->random);
            status = keel_task_await_until(child, &result, deadline);
            if (status == 0)
                break;
            stress_equal((uint64_t)status, (uint64_t)-ETIMEDOUT, "an await's status");
            check_time(deadline);
        }
        if (status != 0 && stress_below(&user->random, 4) == 0) {
            keel_task_detach(child);
            continue;
        }
        if (status != 0)
            result = stress_await(child);
        stress_equal((uintptr_t)result, (uintptr_t)seed, "a result");
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct user all[3 * users];
    keel_task *tasks[3 * users];
    stress_begin("deadlines", argc, argv);
    struct stress_random random = stress_sequence(0);
    chan = stress_chan(stress_below(&random, capacities), sizeof(uint64_t));
    uint64_t count = 1 + stress_below(&random, users);
    for (uint64_t i = 0; i < 3 * count; i++) {
        all[i] = (struct user){stress_sequence(i + 1), i, 1 + stress_below(&random, turns_most)};
        if (i % 3 == 0)
            keel_chan_clone_sender(chan);
        else if (i % 3 == 1)
            keel_chan_retain(chan);
        tasks[i] = stress_create(i % 3 == 0   ? send_some
                                 : i % 3 == 1 ? receive_all
                                              : await_some,
                                 &all[i]);
    }
    keel_chan_drop_sender(chan);
    keel_chan_release(chan, NULL);
    for (uint64_t i = 0; i < 3 * count; i++)
        stress_await(tasks[i]);
    stress_equal(received, sent, "elements received");
    stress_equal(received_sum, sent_sum, "their sum");
    return stress_done(sent, "elements sent");
}
