/*
 * Forkers that park, yield, sleep and move, with no, one and a thousand children that they have not
 * joined: each child runs once, and each join has its own child's result.
 */
#include "keel/chan.h"
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/trip.h"

enum { children_most = 1000 };

static void *number(uintptr_t value)
{
    return (void *)value;
}

static uint32_t run_count;

static void *next_number(void *arg)
{
    arrive(&run_count);
    return number((uintptr_t)arg + 1);
}

static void fork_all(keel_fork_frame *frames, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        keel_fork(&frames[i], next_number, number(i));
}

/* In reverse order. How many results were wrong. */
static unsigned join_all(keel_fork_frame *frames, unsigned first, unsigned end)
{
    unsigned wrong = 0;
    for (unsigned i = end; i-- > first;)
        wrong += (uintptr_t)keel_join(&frames[i]) != i + 1;
    return wrong;
}

/* ---- a forker that waits in one of several ways */

struct forker {
    unsigned count;
    void (*wait)(struct forker *forker);
    struct trip trip; /* of who waits by travelling */
};

static void *nothing(void *arg)
{
    return arg;
}

static void wait_by_yield(struct forker *forker)
{
    (void)forker;
    keel_yield();
}

static void wait_by_sleep(struct forker *forker)
{
    (void)forker;
    keel_sleep(MILLISECOND / 10);
}

static void wait_by_await(struct forker *forker)
{
    (void)forker;
    keel_task_await(keel_task_create(nothing, NULL, NULL), NULL);
}

static void wait_by_travelling(struct forker *forker)
{
    trip_travel(&forker->trip);
}

static void *fork_and_wait(void *arg)
{
    struct forker *forker = arg;
    keel_fork_frame frames[children_most];
    unsigned half = forker->count / 2;
    fork_all(frames, 0, half);
    forker->wait(forker);
    fork_all(frames, half, forker->count);
    unsigned wrong = join_all(frames, forker->count * 3 / 4, forker->count);
    keel_yield();
    return number(wrong + join_all(frames, 0, forker->count * 3 / 4));
}

static const unsigned counts[] = {0, 1, 2, 7, children_most};

enum { count_of_counts = sizeof counts / sizeof counts[0] };

static void waiting(void (*wait)(struct forker *forker), const char *what)
{
    unsigned wrong = 0;
    run_count = 0;
    unsigned wanted = 0;
    for (unsigned i = 0; i < 10 * count_of_counts; i++) {
        struct forker forker = {.count = counts[i % count_of_counts], .wait = wait};
        void *result;
        keel_task_await(keel_task_create(fork_and_wait, &forker, NULL), &result);
        wrong += (unsigned)(uintptr_t)result;
        wanted += forker.count;
    }
    check(wrong == 0 && run_count == wanted, what);
}

/* Whether the forker went on elsewhere. */
static bool send_forker(unsigned count, unsigned *wrong)
{
    struct forker forker = {.count = count, .wait = wait_by_travelling};
    *wrong += (unsigned)(uintptr_t)trip_send(&forker.trip, fork_and_wait, &forker, NULL);
    return trip_has_moved(&forker.trip);
}

static void moving(void)
{
    unsigned wrong = 0;
    if (keel_worker_count() < 2) {
        for (unsigned i = 0; i < count_of_counts; i++)
            send_forker(counts[i], &wrong);
        check_equal(wrong, 0, "a forker waits on a channel");
        return;
    }
    for (unsigned i = 0; i < count_of_counts; i++) {
        unsigned moved = 0;
        int64_t end = keel_now() + meeting_patience;
        while (moved < 5 && keel_now() < end)
            moved += send_forker(counts[i], &wrong);
        check(moved >= 5, "a forker goes on elsewhere");
    }
    check_equal(wrong, 0, "and has its children with it");
}

/* ---- two forkers, whose forks and joins come in turns */

enum { turns = 40 };

static void *take_turns(void *arg)
{
    keel_fork_frame frames[2 * turns];
    unsigned count = 0, wrong = 0;
    for (unsigned i = 0; i < turns; i++) {
        fork_all(frames, count, count + 2);
        count += 2;
        if (arg != NULL) {
            count--;
            wrong += join_all(frames, count, count + 1);
        }
        keel_yield();
    }
    while (count > 0) {
        wrong += join_all(frames, count - 1, count);
        count--;
        if (count % 3 == 0)
            keel_yield();
    }
    return number(wrong);
}

static void interleaved(void)
{
    unsigned wrong = 0;
    for (unsigned round = 0; round < 20; round++) {
        keel_task *one = keel_task_create(take_turns, NULL, NULL);
        keel_task *other = keel_task_create(take_turns, &run_count, NULL);
        void *result;
        keel_task_await(one, &result);
        wrong += (unsigned)(uintptr_t)result;
        keel_task_await(other, &result);
        wrong += (unsigned)(uintptr_t)result;
    }
    check_equal(wrong, 0, "two forkers in turns");
}

/* ---- parent and child wait for each other */

static void *send_seven(void *arg)
{
    int seven = 7;
    keel_chan_send(arg, &seven);
    return arg;
}

static void waits_for_own_child(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(int));
    keel_fork_frame frame;
    int got = 0;
    keel_fork(&frame, send_seven, chan);
    keel_chan_receive(chan, &got);
    check(keel_join(&frame) == chan && got == 7, "a parent receives from its own child");
    keel_chan_release(chan, NULL);
}

static void yields_to_own_child(void)
{
    keel_fork_frame frame;
    uint32_t before = run_count;
    keel_fork(&frame, next_number, number(4));
    bool ran = yield_until(&run_count, before + 1);
    check((uintptr_t)keel_join(&frame) == 5 && ran, "a parent yields until its child has run");
}

/* The child that the join calls parks: what its parent has not joined lies under it. */
static void *sleep_and_count(void *arg)
{
    keel_sleep(MILLISECOND / 20);
    return next_number(arg);
}

static void child_parks(void)
{
    unsigned wrong = 0;
    for (unsigned round = 0; round < 20; round++) {
        keel_fork_frame frames[8];
        for (unsigned i = 0; i < 8; i++)
            keel_fork(&frames[i], i == 5 ? sleep_and_count : next_number, number(i));
        wrong += join_all(frames, 0, 8);
    }
    check_equal(wrong, 0, "a child that a join called parks");
}

/* A tree whose inner nodes wait now and then. */
static void *count_leaves(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    if (depth == 0)
        return number(1);
    keel_fork_frame left, right;
    keel_fork(&left, count_leaves, number(depth - 1));
    keel_fork(&right, count_leaves, number(depth - 1));
    if (depth % 3 == 0)
        keel_yield();
    uintptr_t sum = (uintptr_t)keel_join(&right);
    if (depth % 4 == 0)
        keel_sleep(1000);
    return number(sum + (uintptr_t)keel_join(&left));
}

int main(void)
{
    waiting(wait_by_yield, "a forker yields");
    waiting(wait_by_sleep, "a forker sleeps");
    waiting(wait_by_await, "a forker awaits a task");
    moving();
    interleaved();
    waits_for_own_child();
    yields_to_own_child();
    child_parks();
    check_equal((uintptr_t)count_leaves(number(9)), 512, "a tree whose nodes wait now and then");
    return tap_done();
}
