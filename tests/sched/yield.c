/*
 * Yield: on one worker too, everything that is ready goes on. The orders are exact only there; with
 * more workers the same tasks must still all get on.
 */
#include "keel/chan.h"
#include "tests/sched/meeting.h"

static bool one_worker(void)
{
    return keel_worker_count() == 1;
}

static void *mark(void *arg)
{
    arrive(arg);
    return NULL;
}

static void lets_others_run(void)
{
    keel_yield(); /* returns, with nobody else */
    uint32_t marked = 0;
    bool alone = one_worker();
    keel_task *task = keel_task_create(mark, &marked, NULL);
    if (alone)
        check_equal(marked, 0, "a spawned task waits until its spawner lets it run");
    else
        skip("a spawned task waits until its spawner lets it run", "one worker only");
    keel_yield();
    check(yield_until(&marked, 1), "a yield lets a fresh task run");
    keel_task_await(task, NULL);
}

/* ---- a ring of tasks that yield */

enum { ring_most = 600, ring_rounds = 40 };

static uint32_t ring_begun, ring_size;
static uint16_t ring_log[ring_most * ring_rounds]; /* who ran, in order */
static uint32_t ring_logged;

static void *run_in_ring(void *arg)
{
    arrive(&ring_begun);
    if (!yield_until(&ring_begun, ring_size))
        return NULL;
    for (int round = 0; round < ring_rounds; round++) {
        /* RELAXED: only a place in the log. */
        uint32_t place = atomic_fetch_add(&ring_logged, 1, RELAXED);
        ring_log[place] = (uint16_t)(uintptr_t)arg;
        keel_yield();
    }
    return (void *)1;
}

/* Runs `size` tasks that yield to each other; how many came through. */
static uint32_t run_ring(uint32_t size)
{
    static keel_task *tasks[ring_most];
    ring_begun = 0;
    ring_logged = 0;
    ring_size = size;
    for (uintptr_t i = 0; i < size; i++)
        tasks[i] = keel_task_create(run_in_ring, (void *)i, NULL);
    uint32_t came_through = 0;
    for (uintptr_t i = 0; i < size; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        came_through += result != NULL;
    }
    return came_through;
}

/* Whether each task ran again only when all others had run, but for the first and the last round.
 */
static bool log_goes_round(uint32_t size)
{
    for (uint32_t i = size; i + 2 * size < size * ring_rounds; i++) {
        if (ring_log[i] != ring_log[i + size])
            return false;
    }
    return true;
}

static void ring(void)
{
    check_equal(run_ring(7), 7, "7 tasks that yield all come through");
    if (one_worker())
        check(log_goes_round(7), "on one worker they run in turn");
    else
        skip("on one worker they run in turn", "one worker only");
    check_equal(run_ring(ring_most), ring_most, "600 tasks that yield all come through");
}

/* ---- nothing waits for ever behind others */

static uint32_t stop;

/*
 * Whether to go on: until `stop` is set, or for so long that it will never be. `rounds` counts how
 * often the asker came by.
 */
static bool go_on(uint32_t *rounds, int64_t end)
{
    ++*rounds;
    return !have_arrived(&stop, 1) && keel_now() < end;
}

/* A pair that keeps readying each other, and how often it did. */
struct pair {
    keel_chan *there, *back;
    uint32_t rounds;
};

static void *ping(void *arg)
{
    struct pair *pair = arg;
    uint32_t ball = 0;
    int64_t end = keel_now() + meeting_patience;
    while (go_on(&pair->rounds, end)) {
        keel_chan_send(pair->there, &ball);
        keel_chan_receive(pair->back, &ball);
    }
    keel_chan_close(pair->there);
    return NULL;
}

static void *pong(void *arg)
{
    struct pair *pair = arg;
    uint32_t ball = 0;
    while (keel_chan_receive(pair->there, &ball) == 1)
        keel_chan_send(pair->back, &ball);
    return NULL;
}

/* Runs a ping-pong pair until somebody stops it; how many rounds that took. */
static uint32_t play(void)
{
    struct pair pair = {.there = keel_chan_create(0, 4), .back = keel_chan_create(0, 4)};
    keel_task *second = keel_task_create(pong, &pair, NULL);
    keel_task *first = keel_task_create(ping, &pair, NULL);
    keel_task_await(first, NULL);
    keel_task_await(second, NULL);
    keel_chan_release(pair.there, NULL);
    keel_chan_release(pair.back, NULL);
    return pair.rounds;
}

/* With more workers, how soon depends on when the system lets them run. */
static void check_stopped_soon(uint32_t rounds, const char *what)
{
    enum { soon = 1000 };
    check(have_arrived(&stop, 1) && (rounds < soon || !one_worker()), what);
}

static void *stop_when_told(void *arg)
{
    uint32_t word;
    keel_chan_receive(arg, &word);
    arrive(&stop);
    return NULL;
}

static void *tell(void *arg)
{
    uint32_t word = 1;
    for (int i = 0; i < 10; i++)
        keel_yield();
    keel_chan_send(arg, &word);
    return NULL;
}

static void behind_a_pair(void)
{
    stop = 0;
    keel_task *task = keel_task_create(mark, &stop, NULL);
    check_stopped_soon(play(), "a fresh task is not starved by a ping-pong pair");
    keel_task_await(task, NULL);

    stop = 0;
    keel_chan *chan = keel_chan_create(0, 4);
    keel_task *woken = keel_task_create(stop_when_told, chan, NULL);
    keel_task *teller = keel_task_create(tell, chan, NULL);
    check_stopped_soon(play(), "a woken task is not starved by a ping-pong pair");
    keel_task_await(teller, NULL);
    keel_task_await(woken, NULL);
    keel_chan_release(chan, NULL);
}

static void *sleep_then_mark(void *arg)
{
    keel_sleep(MILLISECOND);
    arrive(arg);
    return NULL;
}

static void timer_behind_a_pair(void)
{
    stop = 0;
    keel_task *task = keel_task_create(sleep_then_mark, &stop, NULL);
    play();
    check(have_arrived(&stop, 1), "a sleeper is not starved by a ping-pong pair");
    keel_task_await(task, NULL);
}

/* Each task spawns the next, newest first: the oldest must get its turn. */
static uint32_t generations, chain_ended;
static int64_t chain_end;

static void spawn_next(void *arg)
{
    if (go_on(&generations, chain_end))
        keel_spawn(spawn_next, arg);
    else
        arrive(&chain_ended);
}

static void behind_newer_tasks(void)
{
    stop = 0;
    chain_end = keel_now() + meeting_patience;
    keel_task *oldest = keel_task_create(mark, &stop, NULL);
    keel_spawn(spawn_next, NULL);
    keel_task_await(oldest, NULL);
    check_stopped_soon(generations, "the oldest fresh task is not starved by newer ones");
    check(keel_now() < chain_end, "  it ran while they still came");
    yield_until(&chain_ended, 1);
}

static void *yield_ten_times(void *arg)
{
    for (int i = 0; i < 10; i++)
        keel_yield();
    return mark(arg);
}

/* The same chain, and a task that has begun already. */
static void ready_behind_fresh_tasks(void)
{
    stop = 0;
    generations = 0;
    chain_ended = 0;
    chain_end = keel_now() + meeting_patience;
    keel_task *task = keel_task_create(yield_ten_times, &stop, NULL);
    keel_yield();
    keel_spawn(spawn_next, NULL);
    keel_task_await(task, NULL);
    check_stopped_soon(generations, "a task that yields is not starved by fresh ones");
    check(keel_now() < chain_end, "  it ran while they still came");
    yield_until(&chain_ended, 1);
}

static void *yield_until_stop(void *arg)
{
    int64_t end = keel_now() + meeting_patience;
    while (go_on(arg, end))
        keel_yield();
    return NULL;
}

static void behind_a_yielder(void)
{
    uint32_t yields = 0;
    stop = 0;
    keel_task *yielder = keel_task_create(yield_until_stop, &yields, NULL);
    keel_task *task = keel_task_create(mark, &stop, NULL);
    keel_task_await(yielder, NULL);
    check_stopped_soon(yields, "a fresh task is not starved by one that yields in a loop");
    keel_task_await(task, NULL);
}

int main(void)
{
    lets_others_run();
    ring();
    behind_a_pair();
    timer_behind_a_pair();
    behind_newer_tasks();
    ready_behind_fresh_tasks();
    behind_a_yielder();
    return tap_done();
}
