/*
 * A new worker whose maker is held up before it has given back where the new thread may run; what
 * that thread does meanwhile is named by the first argument. Status 0: whatever comes of it may run
 * where the process might at first.
 */
#include "keel.h"
#include "sched/sched.h"
#include "tests/sched/blocked.h"
#include "tests/sched/place.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, tasks = 8 };

static keel_wait_group done;
static struct cpus at_first;
static uint32_t strange; /* threads that may not run where they should */

/* Long enough that others are made for the other tasks. */
static void look(void *arg)
{
    (void)arg;
    rest_in_kernel(30 * MILLISECOND);
    if (!cpus_become(&at_first))
        arrive(&strange);
    keel_wait_group_done(&done);
}

static void spawn_lookers(void)
{
    for (int i = 0; i < tasks; i++)
        keel_spawn(look, NULL);
}

/* The new worker's task, and how many it wants to be done; main keeps its own worker. */
static int begin(void (*fn)(void *), int count)
{
    keel_wait_group_add(&done, count);
    keel_spawn(fn, NULL);
    rest_in_kernel(300 * MILLISECOND);
    return right;
}

static int verdict(void)
{
    keel_wait_group_wait(&done);
    return strange == 0 ? right : wrong;
}

/* The worker's next thread goes on with what was spawned, before anybody wakes it. */
static void hold_at_once(void *arg)
{
    (void)arg;
    keel_spawn(look, NULL);
    keel_thread_hold();
    rest_in_kernel(200 * MILLISECOND);
    keel_thread_let();
    keel_wait_group_done(&done);
}

static int held(void)
{
    keel_threads_announce(); /* the maker is there: only the hold waits */
    begin(hold_at_once, 2 + tasks);
    spawn_lookers();
    rest_in_kernel(300 * MILLISECOND);
    return verdict();
}

/* It makes another worker. */
static void spawn_at_once(void *arg)
{
    (void)arg;
    spawn_lookers();
    rest_in_kernel(300 * MILLISECOND);
    keel_wait_group_done(&done);
}

static int made(void)
{
    begin(spawn_at_once, 1 + tasks);
    return verdict();
}

/* It makes a thread of the program's own. */
static void start_at_once(void *arg)
{
    (void)arg;
    keel_thread_start(look, NULL, 0);
    rest_in_kernel(300 * MILLISECOND);
    keel_wait_group_done(&done);
}

static int started(void)
{
    keel_threads_announce();
    begin(start_at_once, 2);
    return verdict();
}

/* Whether its worker is lent on before that. In the end it is. */
static bool is_lent, is_lent_early;

static void block_at_once(void *arg)
{
    struct sched_worker *worker = sched_worker();
    const struct thread_block *own = thread_block();
    int64_t end = keel_now() + meeting_patience;
    keel_blocking_begin();
    while (!is_lent && keel_now() < end) {
        struct cpus now = cpus_allowed();
        is_lent = atomic_load(&worker->block, RELAXED) != own; /* RELAXED: only looks */
        is_lent_early = is_lent && !cpus_are_same(&now, &at_first);
        rest_in_kernel(MILLISECOND);
    }
    keel_blocking_end();
    look(arg);
}

static int lent(void)
{
    keel_threads_announce();
    keel_blocking_begin(); /* who lends it on is there: only the lending waits */
    keel_blocking_end();
    begin(block_at_once, 1);
    return verdict() == right && is_lent && !is_lent_early ? right : wrong;
}

static const struct way ways[] = {
    {"held", held},
    {"made", made},
    {"started", started},
    {"lent", lent},
};

int main(int argc, char **argv)
{
    at_first = cpus_allowed();
    return GO_THE_WAY(ways, argc, argv);
}
