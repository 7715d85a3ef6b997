/*
 * More to do than can be done at once: tasks whose sleep is over, long ago, and many that have not
 * begun. Those that slept go on in the order of their deadlines, none is left behind; and they go
 * first, but the fresh ones have their turn among them. Counted on one worker.
 */
#include "keel/sync.h"
#include "tests/sched/meeting.h"

enum {
    crowd = 3000,
    /* Of those that are readied together some may be a few turns apart. */
    places_most = 256,
    /* One fresh task to 31 of the others, as long as many of those wait. */
    fresh_most = crowd / 31 + 128,
    fresh_least = crowd / 31 - 48,
};

static uint32_t begun, woken, fresh_ended; /* atomic */
static uint32_t places[crowd];             /* of the sleepers: which turn each had */
static uint32_t fresh_before_last;
static int64_t last_deadline;
static keel_wait_group all;

static int64_t deadline_of(uintptr_t number)
{
    return last_deadline - (int64_t)(crowd - 1 - number) * 3000;
}

static void sleep_once(void *arg)
{
    arrive(&begun);
    keel_sleep_until(deadline_of((uintptr_t)arg));
    uint32_t place =
        atomic_fetch_add(&woken, 1, RELAXED); /* RELAXED: one worker, or not looked at */
    places[(uintptr_t)arg] = place;
    if (place == crowd - 1)
        fresh_before_last = atomic_load(&fresh_ended, RELAXED); /* RELAXED: as above */
    keel_wait_group_done(&all);
}

static void begin_late(void *arg)
{
    (void)arg;
    atomic_fetch_add(&fresh_ended, 1, RELAXED); /* RELAXED: as above */
    keel_wait_group_done(&all);
}

/* How far the one that is farthest from its place is. */
static uint32_t farthest(void)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < crowd; i++) {
        uint32_t distance = places[i] > i ? places[i] - i : i - places[i];
        most = distance > most ? distance : most;
    }
    return most;
}

static void check_counts(uint32_t distance)
{
    tap_note("places that a sleeper was behind or before its own at most", distance);
    tap_note("fresh tasks that ran before the last sleeper", fresh_before_last);
    check(distance <= places_most, "who slept goes on in the order of the deadlines");
    check(fresh_before_last <= fresh_most, "who has begun goes before who has not");
    check(fresh_before_last >= fresh_least, "fresh tasks have their turn all the same");
}

int main(void)
{
    /* So far away that all have begun by then, on a slow machine too. */
    last_deadline = keel_now() + 500 * MILLISECOND;
    keel_wait_group_add(&all, 2 * crowd);
    for (uintptr_t i = 0; i < crowd; i++)
        keel_spawn(sleep_once, (void *)i);
    check(yield_until(&begun, crowd), "all begin");
    bool in_time = keel_now() < deadline_of(0);
    while (keel_now() <= last_deadline + MILLISECOND)
        arch_pause();
    for (uintptr_t i = 0; i < crowd; i++)
        keel_spawn(begin_late, NULL);
    keel_wait_group_wait(&all);
    if (keel_worker_count() > 1)
        skip("who goes before whom", "turns are counted on one worker only");
    else if (!in_time)
        skip("who goes before whom", "too slow: the first deadline came before all had begun");
    else
        check_counts(farthest());
    return tap_done();
}
