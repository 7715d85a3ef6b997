/*
 * The edges of the pool together: tasks in blocking calls, foreign threads and tasks that hold
 * their threads, beside those who wait for the end of all others, or ask who is stuck.
 */
#include "keel.h"
#include "sched/sched.h"
#include "tests/sched/blocked.h"
#include "tests/sched/meeting.h"

enum { crowd = 20 };

static uint32_t ended, begun, over; /* atomic */
static keel_wait_group group;

static void end_later(void *arg)
{
    (void)arg;
    keel_sleep(5 * MILLISECOND);
    arrive(&ended);
}

static void block_and_end(void *arg)
{
    (void)arg;
    arrive(&begun);
    block_in_kernel(20 * MILLISECOND);
    arrive(&ended);
}

/* Whether so many have ended by now, of all that there are. */
static void check_ended(uint32_t count, const char *what)
{
    check(have_arrived(&ended, count) && !have_arrived(&ended, count + 1), what);
    ended = begun = over = 0;
}

/* On a foreign thread; main waits for the end of fn. */
static void (*visit_fn)(void);

static void visit_begin(void *arg)
{
    (void)arg;
    visit_fn();
    keel_wait_group_done(&group);
}

static bool visit_start(void (*fn)(void))
{
    visit_fn = fn;
    keel_wait_group_add(&group, 1);
    return keel_thread_start(visit_begin, NULL, 0) == 0;
}

/* ---- keel_wait_all */

static void spawn_crowd(void)
{
    for (int i = 0; i < crowd; i++)
        keel_spawn(end_later, NULL);
}

static void test_spawned_by_a_thread(void)
{
    check(visit_start(spawn_crowd), "a thread spawns tasks");
    keel_wait_group_wait(&group);
    keel_wait_all();
    check_ended(crowd, "keel_wait_all waits for them");
}

static void wait_for_all(void)
{
    keel_spawn(end_later, NULL);
    arrive(&begun);
    keel_wait_all();
    arrive(&over);
}

static void test_beside_a_thread(void)
{
    visit_start(wait_for_all);
    yield_until(&begun, 1);
    keel_spawn(end_later, NULL);
    keel_wait_all();
    check(have_arrived(&ended, 2), "main and a thread wait in keel_wait_all");
    keel_wait_group_wait(&group);
    check(have_arrived(&over, 1), "both go on");
    check_ended(2, "when all tasks have ended");
}

static void stay_outside(void)
{
    while (!have_arrived(&over, 1))
        rest_in_kernel(MILLISECOND);
}

static void test_thread_is_no_task(void)
{
    visit_start(stay_outside);
    keel_spawn(end_later, NULL);
    keel_wait_all();
    check_ended(1, "nobody waits for the end of a thread");
    arrive(&over);
    keel_wait_group_wait(&group);
    over = 0;
}

static void hold_and_wait(void *arg)
{
    (void)arg;
    check(keel_thread_hold() == 0, "a task holds its thread");
    keel_wait_all();
    keel_thread_let();
    arrive(&ended);
}

static void test_held(void)
{
    keel_spawn(hold_and_wait, NULL);
    keel_spawn(end_later, NULL);
    keel_wait_all();
    check(have_arrived(&ended, 1), "it waits in keel_wait_all, as main does");
    keel_wait_all();
    check_ended(2, "and goes on, and ends");
}

static void test_blocked(void)
{
    for (int i = 0; i < crowd; i++)
        keel_spawn(block_and_end, NULL);
    yield_until(&begun, 1);
    keel_wait_all();
    check_ended(crowd, "keel_wait_all waits for tasks in blocking calls");
}

/* ---- keel_stuck_tasks */

static void *await_it(void *task)
{
    keel_task_await(task, NULL);
    return NULL;
}

static void *block_long(void *arg)
{
    block_and_end(arg);
    return NULL;
}

static void *ask_all(void *arg)
{
    (void)arg;
    keel_wait_all();
    return NULL;
}

static void test_blocked_is_not_stuck(void)
{
    keel_task *blocked = keel_task_create(block_long, NULL, NULL);
    keel_task *waits = keel_task_create(await_it, blocked, NULL);
    yield_until(&begun, 1);
    bool none = true;
    while (!have_arrived(&ended, 1)) {
        none &= keel_stuck_tasks(NULL, 0) == 0;
        keel_sleep(MILLISECOND);
    }
    check(none, "who waits for a task in a blocking call is not stuck");
    keel_task_await(waits, NULL);
    check_ended(1, "and goes on");
}

static uint64_t thread_id;
static keel_task *sleeper;

static void *sleep_for_ever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    return arg;
}

static void await_sleeper(void)
{
    thread_id = keel_task_id();
    arrive(&begun);
    keel_task_await(sleeper, NULL);
}

static void sleep_too(void)
{
    thread_id = keel_task_id();
    arrive(&begun);
    keel_sleep(KEEL_FOREVER);
}

/* Polls, since who waits gets there some time after it said so. */
static size_t stuck_soon(uint64_t *ids, size_t max, size_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    size_t found;
    while ((found = keel_stuck_tasks(ids, max)) < wanted && keel_now() < end)
        keel_sleep(MILLISECOND);
    return found;
}

/* A thread that is stuck, before any task is: so nobody in keel_wait_all waits for it. */
static void test_thread_is_stuck(void)
{
    uint64_t ids[4] = {0};
    visit_start(sleep_too);
    yield_until(&begun, 1);
    keel_task *waits = keel_task_create(ask_all, NULL, NULL);
    size_t found = stuck_soon(ids, 4, 1);
    keel_sleep(5 * MILLISECOND);
    check_equal(keel_stuck_tasks(ids, 4), 1, "a thread that sleeps for ever is stuck");
    check(found == 1 && ids[0] == thread_id, "it is named, and who waits for all tasks is not");
    keel_task_detach(waits);
    begun = 0;
    sleeper = keel_task_create(sleep_for_ever, NULL, NULL);
    visit_start(await_sleeper);
    yield_until(&begun, 1);
    check_equal(stuck_soon(ids, 4, 4), 4,
                "so are a task that does, a thread that awaits it, and who waits for all");
}

/* ---- blocking calls where there is no worker to lend */

static bool stays; /* the same worker, of a thread that is none */

static void block_on_own_thread(void)
{
    const struct sched_worker *worker = sched_worker();
    keel_blocking_begin();
    keel_blocking_begin();
    stays = sched_worker() == worker && worker->is_foreign;
    rest_in_kernel(5 * MILLISECOND);
    keel_blocking_end();
    keel_blocking_end();
    stays &= sched_worker() == worker;
}

static void *block_held(void *arg)
{
    stays = false;
    keel_thread_hold();
    long thread = arch_syscall0(__NR_gettid);
    block_on_own_thread();
    stays &= arch_syscall0(__NR_gettid) == thread;
    keel_thread_let();
    block_in_kernel(2 * MILLISECOND);
    return arg;
}

static void test_blocking_without_worker(void)
{
    visit_start(block_on_own_thread);
    keel_wait_group_wait(&group);
    check(stays, "a blocking call of a thread lends nothing");
    keel_task_await(keel_task_create(block_held, NULL, NULL), NULL);
    check(stays, "nor does that of a task that holds its thread, which it keeps");
}

int main(void)
{
    test_spawned_by_a_thread();
    test_beside_a_thread();
    test_thread_is_no_task();
    test_held();
    test_blocked();
    test_blocked_is_not_stuck();
    test_blocking_without_worker();
    test_thread_is_stuck();
    return tap_done();
}
