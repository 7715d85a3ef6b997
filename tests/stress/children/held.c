/*
 * Held workers: a task keeps its worker until another has begun, so that nobody but a woken or a
 * new worker can run that one. A wake-up that is lost, however shortly before a worker fell asleep,
 * is a hang. The gaps between the rounds are random, from nothing to more than a searching worker
 * waits.
 *
 * Never do more tasks hold a worker than there are workers. On one worker the holders yield.
 */
#include "tests/stress/stress.h"

enum { rounds = 800, crowds = 1, crowd_most = 16, gap_most = 60 * stress_microsecond };

static uint32_t begun; /* atomic */

static void hold_until_begun(uint32_t wanted)
{
    /* ACQUIRE: with the RELEASE in begin. */
    while (atomic_load(&begun, ACQUIRE) < wanted) {
        if (keel_worker_count() > 1)
            arch_pause();
        else
            keel_yield();
    }
}

static void begin(void)
{
    atomic_fetch_add(&begun, 1u, RELEASE); /* RELEASE: with the ACQUIRE in hold_until_begun */
}

static void *begin_only(void *arg)
{
    begin();
    return arg;
}

static void spawned_one(struct stress_random *random)
{
    (void)random;
    keel_task *task = stress_create(begin_only, NULL);
    hold_until_begun(1);
    stress_await(task);
}

/* Spawned from a task that ends at once: the second is in another worker's deque, perhaps. */
static void *spawn_and_end(void *arg)
{
    *(keel_task **)arg = stress_create(begin_only, NULL);
    begin();
    return NULL;
}

static void spawned_by_another(struct stress_random *random)
{
    (void)random;
    keel_task *second = NULL;
    keel_task *first = stress_create(spawn_and_end, &second);
    hold_until_begun(2);
    stress_await(first);
    stress_await(second);
}

static void *begin_when_told(void *arg)
{
    uint8_t signal;
    while (keel_chan_receive(arg, &signal) == 1)
        begin();
    return NULL;
}

/* A parked task, made ready by a send that does not wait. */
static void woken_one(struct stress_random *random)
{
    uint8_t signal = 1;
    keel_chan *chan = stress_chan(1, sizeof signal);
    keel_task *task = stress_create(begin_when_told, chan);
    uint32_t times = 1 + (uint32_t)stress_below(random, 4);
    for (uint32_t i = 1; i <= times; i++) {
        stress_pause(random);
        stress_equal((uint64_t)keel_chan_send(chan, &signal), 0, "status of a send");
        hold_until_begun(i);
    }
    keel_chan_close(chan);
    stress_await(task);
    keel_chan_release(chan, NULL);
}

static void *begin_and_hold(void *arg)
{
    begin();
    hold_until_begun((uint32_t)(uintptr_t)arg);
    return NULL;
}

/* A burst of as many as there are workers besides the creator's. */
static void crowd(struct stress_random *random)
{
    keel_task *tasks[crowd_most];
    uint32_t count = keel_worker_count() - 1;
    if (count > crowd_most)
        count = crowd_most;
    for (uint32_t i = 0; i < count; i++) {
        tasks[i] = stress_create(begin_and_hold, (void *)(uintptr_t)count);
        if (stress_below(random, 4) == 0)
            stress_spin(random);
    }
    hold_until_begun(count);
    for (uint32_t i = 0; i < count; i++)
        stress_await(tasks[i]);
}

/* Mostly about as long as an idle worker looks for work before it sleeps. */
static void gap(struct stress_random *random)
{
    int64_t length = (int64_t)stress_below(random, gap_most);
    if (stress_below(random, 16) == 0) {
        keel_sleep(length);
        return;
    }
    int64_t end = keel_now() + length;
    while (keel_now() < end)
        arch_pause();
}

static void play(struct stress_random *random, void (*scene)(struct stress_random *))
{
    begun = 0;
    scene(random);
    gap(random);
}

int main(int argc, char **argv)
{
    static void (*const scenes[])(struct stress_random *) = {spawned_one, spawned_by_another,
                                                             woken_one};
    stress_begin("held", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (unsigned i = 0; i < crowds; i++)
        play(&random, crowd);
    for (unsigned i = 0; i < rounds; i++)
        play(&random, scenes[stress_below(&random, sizeof scenes / sizeof scenes[0])]);
    return stress_done(rounds + crowds, "rounds");
}
