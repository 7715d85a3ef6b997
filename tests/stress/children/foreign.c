/*
 * Threads that are no workers come and go while tasks do the same work: both send and receive on
 * one channel, with and without deadlines, create and await, and hold the thread that they have.
 */
#include <asm/errno.h>

#include "tests/stress/stress.h"

enum { users = 12, turns_most = 60, capacities = 4 };

struct user {
    struct stress_random random;
    uint64_t turns;
    bool is_sender;
};

static keel_chan *chan;
static keel_wait_group left;
static uint64_t sent, sent_sum, received, received_sum; /* atomic */

static void *give_back(void *arg)
{
    struct stress_random random = {(uintptr_t)arg};
    stress_pause(&random);
    return arg;
}

/* Besides: a child, or a while on a thread of its own. */
static void do_something_else(struct stress_random *random)
{
    void *seed = (void *)(uintptr_t)(stress_next(random) | 1);
    switch (stress_below(random, 8)) {
    case 0:
        stress_equal((uintptr_t)stress_await(stress_create(give_back, seed)), (uintptr_t)seed,
                     "a result");
        break;
    case 1:
        stress_equal((uint64_t)keel_thread_hold(), 0, "a hold's status");
        stress_pause(random);
        keel_thread_let();
        break;
    default:
        stress_pause(random);
    }
}

static int64_t random_deadline(struct stress_random *random)
{
    return keel_now() + (int64_t)stress_below(random, 100 * stress_microsecond);
}

static void send_some(struct user *user)
{
    for (uint64_t i = 0; i < user->turns; i++) {
        uint64_t element = stress_next(&user->random) >> 8;
        int result = -ETIMEDOUT;
        while (result == -ETIMEDOUT)
            result = stress_below(&user->random, 2) == 0
                         ? keel_chan_send(chan, &element)
                         : keel_chan_send_until(chan, &element, random_deadline(&user->random));
        stress_equal((uint64_t)result, 0, "a send's status");
        atomic_fetch_add(&sent, 1u, RELAXED); /* RELAXED: read when all have ended */
        atomic_fetch_add(&sent_sum, element, RELAXED);
        do_something_else(&user->random);
    }
    keel_chan_drop_sender(chan);
}

static void receive_all(struct user *user)
{
    for (int result = 1; result != 0;) {
        uint64_t element = 0;
        result = stress_below(&user->random, 2) == 0
                     ? keel_chan_receive(chan, &element)
                     : keel_chan_receive_until(chan, &element, random_deadline(&user->random));
        if (result == 1) {
            atomic_fetch_add(&received, 1u, RELAXED); /* RELAXED: as above */
            atomic_fetch_add(&received_sum, element, RELAXED);
        }
        do_something_else(&user->random);
    }
}

static void use(void *arg)
{
    struct user *user = arg;
    if (user->is_sender)
        send_some(user);
    else
        receive_all(user);
    keel_wait_group_done(&left);
}

int main(int argc, char **argv)
{
    static struct user all[2 * users];
    stress_begin("foreign", argc, argv);
    struct stress_random random = stress_sequence(0);
    chan = stress_chan(stress_below(&random, capacities), sizeof(uint64_t));
    uint64_t count = 2 * (1 + stress_below(&random, users));
    keel_wait_group_add(&left, (int)count);
    for (uint64_t i = 0; i < count; i++) {
        struct user *user = &all[i];
        *user = (struct user){stress_sequence(i + 1), 1 + stress_below(&random, turns_most),
                              i % 2 == 0};
        if (user->is_sender)
            keel_chan_clone_sender(chan);
        bool is_thread = i == 0 || stress_below(&random, 2) == 0;
        stress_equal(
            (uint64_t)(is_thread ? keel_thread_start(use, user, 0) : keel_spawn(use, user)), 0,
            "a start's status");
    }
    keel_chan_drop_sender(chan);
    keel_wait_group_wait(&left);
    stress_equal(received, sent, "elements received");
    stress_equal(received_sum, sent_sum, "their sum");
    return stress_done(sent, "elements sent");
}
