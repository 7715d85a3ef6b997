/*
 * Nothing waits for ever behind tasks that keep readying each other. Beside a pair that hands an
 * element back and forth, and beside a task that spawns without end, each other way of waiting for
 * a turn gets it; on one worker, where the turns are counted, within a bound. The worst wait of
 * each is printed.
 */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum {
    times = 200,
    /* Slot three times, ring and deque in turn: a turn is at most so many hops away. */
    hops_to_a_turn = 16,
    /* The oldest of a queue that is never empty: four kinds of oldest, each every 61st pick. */
    hops_to_the_oldest = 2 * 4 * 61,
    generation_most = 1000,
};

static uint32_t stop;
static uint32_t has_starved; /* atomic: they stopped by themselves, because main did not come */
static int64_t patience_end; /* atomic; when they do */
static uint64_t hops;        /* atomic */

/* One clock reading in many. */
static bool goes_on(void)
{
    enum { hops_between_looks = 1024 };
    /* RELAXED: a count, a time and two flags, each by itself. */
    if (atomic_load(&hops, RELAXED) % hops_between_looks == 0 &&
        keel_now() > atomic_load(&patience_end, RELAXED)) {
        atomic_store(&has_starved, 1, RELAXED);
        atomic_store(&stop, 1, RELAXED);
    }
    return atomic_load(&stop, RELAXED) == 0;
}

static void have_patience(void)
{
    atomic_store(&patience_end, keel_now() + meeting_patience, RELAXED); /* RELAXED: as above */
}

static uint64_t hops_now(void)
{
    return atomic_load(&hops, RELAXED); /* RELAXED: a count by itself */
}

static void hop(void)
{
    atomic_fetch_add(&hops, 1, RELAXED); /* RELAXED: a count by itself */
}

/* ---- the busy ones */

static keel_chan *there, *back;

static void *play(void *arg)
{
    keel_chan *from = arg == NULL ? there : back;
    keel_chan *to = arg == NULL ? back : there;
    uint64_t ball = 0;
    while (keel_chan_receive(from, &ball) == 1) {
        hop();
        if (!goes_on()) {
            keel_chan_close(to);
            break;
        }
        keel_chan_send(to, &ball);
    }
    return NULL;
}

static void *kick_off(void *arg)
{
    uint64_t ball = 0;
    keel_chan_send(there, &ball);
    return play(arg);
}

static void come_and_go(void *arg)
{
    (void)arg;
    hop();
}

static void *spawn_without_end(void *arg)
{
    while (goes_on()) {
        keel_spawn(come_and_go, NULL);
        keel_yield();
    }
    return arg;
}

static uint32_t generation_alive; /* atomic */

/* Each begins another and gives way; there are more than the ring holds, but not without end. */
static void follow_each_other(void *arg)
{
    /* RELAXED: a count by itself. */
    hop();
    while (goes_on() && atomic_load(&generation_alive, RELAXED) > generation_most)
        keel_yield();
    if (goes_on()) {
        atomic_fetch_add(&generation_alive, 1, RELAXED);
        keel_spawn(follow_each_other, arg);
        keel_yield();
    }
    atomic_fetch_sub(&generation_alive, 1, RELAXED);
}

/* ---- those who wait for a turn */

static uint64_t began_at;
static uint32_t has_run;

static void *note_turn(void *arg)
{
    atomic_store(&began_at, hops_now(), RELAXED); /* RELAXED: published by has_run */
    arrive(&has_run);
    return arg;
}

static void check_waits(const char *what, uint64_t worst, uint64_t bound)
{
    tap_note(what, (int64_t)worst);
    check(keel_worker_count() > 1 || worst <= bound, what);
}

static void worst_waits(uint64_t fresh_bound, uint64_t yield_bound)
{
    uint64_t worst_fresh = 0, worst_yield = 0, worst_timer = 0;
    bool all = true;
    for (uint32_t i = 0; i < times && all; i++) {
        uint64_t before = hops_now();
        have_patience();
        keel_yield();
        uint64_t after = hops_now();
        if (after - before > worst_yield)
            worst_yield = after - before;
        atomic_store(&has_run, 0, RELAXED); /* RELAXED: nobody else yet */
        before = hops_now();
        keel_task_detach(keel_task_create(note_turn, NULL, NULL));
        all = yield_until(&has_run, 1);
        if (began_at - before > worst_fresh)
            worst_fresh = began_at - before;
        int64_t due = keel_now() + MILLISECOND / 10;
        keel_sleep_until(due);
        if ((uint64_t)(keel_now() - due) > worst_timer)
            worst_timer = (uint64_t)(keel_now() - due);
    }
    check(all, "every fresh task has its turn");
    check_equal(atomic_load(&has_starved, RELAXED), 0, "so has who waits"); /* RELAXED: a flag */
    check_waits("hops that one who yields waited at most", worst_yield, yield_bound);
    check_waits("hops that a fresh task waited at most", worst_fresh, fresh_bound);
    tap_note("nanoseconds that a sleeper woke late at most", (int64_t)worst_timer);
}

static void beside_a_pair(void)
{
    there = keel_chan_create(0, sizeof(uint64_t));
    back = keel_chan_create(0, sizeof(uint64_t));
    atomic_store(&stop, 0, RELAXED); /* RELAXED: nobody else yet */
    have_patience();
    keel_task *one = keel_task_create(play, NULL, NULL);
    keel_task *other = keel_task_create(kick_off, &stop, NULL);
    worst_waits(hops_to_a_turn, hops_to_a_turn);
    atomic_store(&stop, 1, RELAXED); /* RELAXED: a flag by itself */
    keel_task_await(one, NULL);
    keel_task_await(other, NULL);
    keel_chan_release(there, NULL);
    keel_chan_release(back, NULL);
}

static void beside_spawners(void)
{
    enum { spawners = 3 };
    keel_task *tasks[spawners];
    atomic_store(&stop, 0, RELAXED); /* RELAXED: nobody else yet */
    have_patience();
    for (int i = 0; i < spawners; i++)
        tasks[i] = keel_task_create(spawn_without_end, NULL, NULL);
    worst_waits(hops_to_the_oldest, hops_to_the_oldest);
    atomic_store(&stop, 1, RELAXED); /* RELAXED: a flag by itself */
    for (int i = 0; i < spawners; i++)
        keel_task_await(tasks[i], NULL);
}

static void beside_generations(void)
{
    atomic_store(&stop, 0, RELAXED); /* RELAXED: nobody else yet */
    have_patience();
    atomic_store(&generation_alive, 1, RELAXED); /* RELAXED: nobody else yet */
    keel_spawn(follow_each_other, NULL);
    worst_waits(16 * generation_most, 16 * generation_most);
    atomic_store(&stop, 1, RELAXED); /* RELAXED: a flag by itself */
    int64_t end = keel_now() + meeting_patience;
    while (atomic_load(&generation_alive, RELAXED) != 0 && keel_now() < end)
        keel_yield();
    check_equal(atomic_load(&generation_alive, RELAXED), 0, "all generations end");
}

int main(void)
{
    beside_a_pair();
    beside_spawners();
    beside_generations();
    return tap_done();
}
