/* keel_wait_all returns when no other task is left but those that wait in it too, and not before.
 */
#include "sched/wait_all.h"
#include "keel/chan.h"
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { rounds = 300, children = 20 };

static uint32_t ended;

static void end(void *arg)
{
    (void)arg;
    arrive(&ended);
}

static void sleep_and_end(void *arg)
{
    keel_sleep((int64_t)(intptr_t)arg);
    arrive(&ended);
}

static void *return_at_once(void *arg)
{
    arrive(&ended);
    return arg;
}

/* Each spawns two, down to 0: 2^(depth + 1) - 1 in all. */
static void spawn_tree(void *depth)
{
    uintptr_t left = (uintptr_t)depth;
    for (int i = 0; i < 2 && left > 0; i++)
        keel_spawn(spawn_tree, (void *)(left - 1));
    arrive(&ended);
}

static bool have_ended(uint32_t count)
{
    bool right = have_arrived(&ended, count) && !have_arrived(&ended, count + 1);
    ended = 0;
    return right;
}

static bool returns_without_a_park(void)
{
    keel_sched_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    keel_sched_stats_read(&before);
    keel_wait_all();
    keel_sched_stats_read(&after);
    return after.total.parks == before.total.parks;
}

static void test_kinds(void)
{
    check(returns_without_a_park(), "returns when there are no others");
    keel_spawn(end, NULL);
    keel_wait_all();
    check(have_ended(1), "one task has ended");
    for (int i = 0; i < children; i++)
        keel_spawn(sleep_and_end, (void *)(i * MILLISECOND / 4));
    keel_wait_all();
    check(have_ended(children), "tasks that sleep have ended");
    keel_spawn(spawn_tree, (void *)(uintptr_t)9);
    keel_wait_all();
    check(have_ended(1023), "tasks that others spawned have ended");
    keel_task *tasks[children];
    for (int i = 0; i < children; i++)
        tasks[i] = keel_task_create(return_at_once, NULL, NULL);
    keel_wait_all();
    check(have_ended(children), "tasks that nobody has awaited yet have ended");
    for (int i = 0; i < children; i++)
        keel_task_await(tasks[i], NULL);
    check(returns_without_a_park(), "returns again");
}

/* ---- forks */

static void *end_later(void *arg)
{
    keel_yield();
    arrive(&ended);
    return arg;
}

static void test_forks(void)
{
    bool right = true;
    for (uint32_t i = 0; i < rounds; i++) {
        keel_fork_frame frames[3];
        for (int j = 0; j < 3; j++)
            keel_fork(&frames[j], end_later, NULL);
        keel_wait_all();
        right &= have_ended(3);
        for (int j = 2; j >= 0; j--)
            keel_join(&frames[j]);
    }
    check(right, "forked children that were not joined have ended");
}

/* ---- several that wait */

static uint32_t before_wait, after_wait;

static void wait_too(void *arg)
{
    keel_sleep((int64_t)(intptr_t)arg);
    arrive(&before_wait);
    keel_wait_all();
    arrive(&after_wait);
}

static void test_several(void)
{
    keel_spawn(sleep_and_end, (void *)(5 * MILLISECOND));
    for (int i = 0; i < children; i++)
        keel_spawn(wait_too, (void *)(i % 4 * MILLISECOND));
    keel_wait_all();
    check(have_ended(1) && have_arrived(&before_wait, children), "all of them wait, and all go on");
    keel_wait_all();
    check_equal(after_wait, children, "  and end");
}

static keel_chan *chan;

static void wait_and_send(void *arg)
{
    (void)arg;
    keel_wait_all();
    keel_chan_send(chan, NULL);
}

/* main is one of the others. */
static void test_main_counts(void)
{
    keel_spawn(wait_and_send, NULL);
    keel_sleep(5 * MILLISECOND);
    check_equal(keel_chan_try_receive(chan, NULL), -11, "who waits waits for main too");
    keel_wait_all();
    check_equal(keel_chan_receive(chan, NULL), 1, "  until main waits with it");
    keel_wait_all();
}

/* ---- again and again: the last end, on whichever worker, and who begins to wait just then */

static void spin_and_end(void *arg)
{
    for (volatile uintptr_t i = (uintptr_t)arg; i > 0; i--)
        continue;
    arrive(&ended);
}

static void test_often(void)
{
    bool right = true;
    for (uintptr_t i = 0; i < 10 * rounds; i++) {
        uint32_t count = 1 + (uint32_t)i % 3;
        for (uint32_t j = 0; j < count; j++)
            keel_spawn(spin_and_end, (void *)(i * 37 % 1000));
        if (i % 2 == 0)
            spin_and_end((void *)(i * 41 % 3000));
        keel_wait_all();
        right &= have_ended(count + (i % 2 == 0));
    }
    check(right, "again and again");
}

/* ---- rounds, as keel_stuck_tasks reads them: who goes on finds its own counted, and over */

static uint32_t round_before, gone_on, wrong_rounds;

static void go_on(void *arg)
{
    (void)arg;
    keel_wait_all();
    uint32_t number = sched_wait_all_rounds();
    arrive(&gone_on);
    yield_until(&gone_on, children + 1);
    if (number != round_before + 1 || sched_wait_all_rounds() != number)
        arrive(&wrong_rounds);
}

static void test_rounds(void)
{
    for (int i = 0; i < rounds; i++) {
        gone_on = 0;
        round_before = sched_wait_all_rounds();
        for (int j = 0; j < children; j++)
            keel_spawn(go_on, NULL);
        go_on(NULL);
        keel_wait_all();
    }
    check_equal(wrong_rounds, 0, "a round is over when who was let go goes on");
    check(atomic_load(&sched.let_go, RELAXED) == NULL, "no worker asks when nobody waits");
}

/* ---- what it costs while nobody waits is nothing; while somebody does, no system call */

static void test_sleeps(void)
{
    keel_sched_stats counts = {.size = sizeof counts};
    keel_spawn(sleep_and_end, (void *)(100 * MILLISECOND));
    keel_sched_stats_read(&counts);
    uint64_t before = counts.total.sleeps;
    keel_wait_all();
    keel_sched_stats_read(&counts);
    check(have_ended(1), "a task that sleeps for long has ended");
    check(counts.total.sleeps - before < 20, "  and nobody looked again and again meanwhile");
}

int main(void)
{
    chan = keel_chan_create(1, 0);
    test_kinds();
    test_forks();
    test_several();
    test_main_counts();
    test_often();
    test_rounds();
    test_sleeps();
    return tap_done();
}
