/*
 * keel_stuck_tasks names the tasks that nothing can wake, all of them and no others: awaits of
 * oneself, of each other, of who sleeps for ever; not those of a task that could still end.
 */
#include "keel/chan.h"
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/sched/comes_to_wait.h"
#include "tests/sched/meeting.h"

enum { most = 2048, line_of_tasks = 1000, circle_of_tasks = 100 };

/* The numbers of those that are stuck for good, noted by themselves before they wait. */
static uint64_t expected[most];
static uint32_t expected_count;

static void note_stuck(void)
{
    /* ACQ_REL: the numbers are read by who has seen the count. */
    uint32_t place = atomic_fetch_add(&expected_count, 1, ACQ_REL);
    atomic_store(&expected[place], keel_task_id(), RELEASE); /* RELEASE: as above */
}

static bool is_expected(uint64_t id)
{
    for (uint32_t i = 0; i < most; i++) {
        if (atomic_load(&expected[i], ACQUIRE) == id) /* ACQUIRE: with note_stuck */
            return true;
    }
    return false;
}

/* Whether so many are named, each of them expected, and none twice. */
static bool names_exactly(size_t count)
{
    static uint64_t ids[most];
    size_t found = keel_stuck_tasks(ids, most);
    bool right = found == count;
    for (size_t i = 0; i < found && i < most; i++) {
        right &= is_expected(ids[i]);
        for (size_t j = 0; j < i; j++)
            right &= ids[i] != ids[j];
    }
    return right;
}

/* As that, once all of them have come to wait. */
static bool comes_to_name(size_t count)
{
    int64_t end = keel_now() + meeting_patience;
    while (keel_stuck_tasks(NULL, 0) != count) {
        if (keel_now() > end)
            return false;
        keel_sleep(MILLISECOND / 10);
    }
    return names_exactly(count);
}

static size_t stuck_yet;

/* ---- those that can still be woken */

static keel_chan *chan;
static uint32_t woken;

static void *receive(void *arg)
{
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *await_task(void *task)
{
    keel_task_await(task, NULL);
    arrive(&woken);
    return NULL;
}

static void *sleep_long(void *arg)
{
    keel_sleep((int64_t)(intptr_t)arg);
    return NULL;
}

static void test_who_can_be_woken(void)
{
    keel_task *waits = keel_task_create(receive, NULL, NULL);
    keel_task *middle = keel_task_create(await_task, waits, NULL);
    keel_task *outer = keel_task_create(await_task, middle, NULL);
    keel_task *sleeps = keel_task_create(sleep_long, (void *)(30 * MILLISECOND), NULL);
    keel_task *after_sleep = keel_task_create(await_task, sleeps, NULL);
    check(comes_to_wait(waits) && comes_to_wait(middle) && comes_to_wait(outer),
          "they have come to wait");
    check(names_exactly(0), "nobody who waits for a channel, or for a time, or for such a task");
    keel_chan_send(chan, NULL);
    keel_task_await(outer, NULL);
    keel_task_await(after_sleep, NULL);
    check_equal(woken, 3, "they were woken");
}

/* Two wait for each other, but one of them not for ever. */
static keel_task *timed_pair[2];

static void *begin_pair(void *arg)
{
    while (atomic_load(&timed_pair[1], ACQUIRE) == NULL) /* ACQUIRE: with the RELEASE below */
        keel_yield();
    if (arg != NULL)
        return await_task(timed_pair[0]);
    int result = keel_task_await_until(timed_pair[1], NULL, keel_now() + 30 * MILLISECOND);
    return (void *)(intptr_t)result;
}

static void test_a_deadline(void)
{
    timed_pair[0] = keel_task_create(begin_pair, NULL, NULL);
    keel_task *second = keel_task_create(begin_pair, &timed_pair, NULL);
    atomic_store(&timed_pair[1], second, RELEASE); /* RELEASE: with the ACQUIRE above */
    bool none = true;
    uint32_t before = woken;
    while (!have_arrived(&woken, before + 1)) {
        none &= keel_stuck_tasks(NULL, 0) == 0;
        keel_sleep(MILLISECOND);
    }
    check(none, "nobody of two who wait for each other, one of them until a deadline");
    keel_task_detach(second);
}

/* ---- a descriptor that another task has now */

static uint32_t follower_waits;

static void *follow(void *leader)
{
    arrive(&follower_waits);
    keel_task_await(leader, NULL);
    arrive(&woken);
    return NULL;
}

static void *do_nothing(void *arg)
{
    return arg;
}

/* What a leader found: whether its follower has the place of an earlier task, and is not stuck. */
static struct {
    bool is_same, is_none;
} led;

/*
 * It has awaited a task whose descriptor another has got now, which waits for it; and it has not
 * parked since. (Another worker may have run the first one, and has the descriptor then.)
 */
static void *lead(void *arg)
{
    keel_task *first = keel_task_create(do_nothing, NULL, NULL);
    keel_task_await(first, NULL);
    keel_task *second = keel_task_create(follow, keel_task_self(), NULL);
    led.is_same = second == first;
    spin_until(&follower_waits, 1);
    int64_t end = keel_now() + 20 * MILLISECOND;
    led.is_none = true;
    while (led.is_same && keel_now() < end)
        led.is_none &= keel_stuck_tasks(NULL, 0) == 0;
    keel_task_detach(second);
    return arg;
}

static void test_reused_descriptor(void)
{
    enum { tries = 1000 };
    if (process_is_alone() || keel_worker_count() < 2) {
        skip("a descriptor that another has now", "it takes two workers");
        skip("  it has got that place", "it takes two workers");
        return;
    }
    for (int i = 0; i < tries && !led.is_same; i++) {
        uint32_t before = woken;
        follower_waits = 0;
        keel_task_create(lead, NULL, NULL); /* its follower awaits it */
        yield_until(&woken, before + 1);
    }
    check(led.is_none,
          "nobody, of a task and the one that waits for it in the place of an earlier one");
    check(led.is_same, "  it has got that place");
}

/* ---- those that keel_wait_all has let go, and that have not run yet, when one is stuck again */

enum { let_go_together = 20 };

static uint32_t gone_on, looked;
static bool names_only_the_first;

static void *go_on_and_look(void *arg)
{
    keel_wait_all();
    uint32_t place = atomic_fetch_add(&gone_on, 1, ACQ_REL); /* ACQ_REL: a turn each */
    if (place == 0) {
        note_stuck();
        keel_sleep(KEEL_FOREVER);
    }
    if (place == 1) {
        int64_t end = keel_now() + meeting_patience;
        while (keel_stuck_tasks(NULL, 0) == 0 && keel_now() < end)
            arch_pause();
        names_only_the_first = names_exactly(1);
        arrive(&looked);
    }
    return arg;
}

static void test_let_go(void)
{
    for (int i = 0; i < let_go_together; i++)
        keel_task_create(go_on_and_look, NULL, NULL);
    keel_wait_all();
    yield_until(&looked, 1);
    check(names_only_the_first, "nobody who was let go, when the first of them is stuck");
    stuck_yet += 1;
}

/* ---- those that are stuck */

static void *await_itself(void *arg)
{
    note_stuck();
    keel_task_await(keel_task_self(), NULL);
    return arg;
}

static void test_oneself(void)
{
    keel_task_create(await_itself, NULL, NULL);
    check(comes_to_name(stuck_yet += 1), "who awaits itself");
}

static keel_task *circle[circle_of_tasks];
static uint32_t circle_begins;

static void *await_next(void *arg)
{
    size_t number = (size_t)(uintptr_t)arg;
    yield_until(&circle_begins, 1);
    note_stuck();
    keel_task_await(circle[(number + 1) % circle_of_tasks], NULL);
    return NULL;
}

static void test_circle(void)
{
    for (uintptr_t i = 0; i < circle_of_tasks; i++)
        circle[i] = keel_task_create(await_next, (void *)i, NULL);
    arrive(&circle_begins);
    check(comes_to_name(stuck_yet += circle_of_tasks), "tasks that await each other in a circle");
}

static void *await_parent(void *parent)
{
    note_stuck();
    keel_task_await(parent, NULL);
    return NULL;
}

static void *await_child(void *arg)
{
    note_stuck();
    keel_task_await(keel_task_create(await_parent, keel_task_self(), NULL), NULL);
    return arg;
}

static void test_child_and_parent(void)
{
    keel_task_create(await_child, NULL, NULL);
    check(comes_to_name(stuck_yet += 2), "a child that awaits its parent, which hosts it");
}

static void *join_child(void *arg)
{
    keel_fork_frame frame;
    note_stuck();
    keel_fork(&frame, await_parent, keel_task_self());
    keel_yield(); /* makes the child a task */
    return keel_join(&frame) == NULL ? arg : NULL;
}

static void test_join(void)
{
    keel_task_create(join_child, NULL, NULL);
    check(comes_to_name(stuck_yet += 2), "a forked child that awaits its parent, which joins it");
}

static void *await_in_line(void *left)
{
    note_stuck();
    if (left == NULL)
        keel_sleep(KEEL_FOREVER);
    keel_task_await(keel_task_create(await_in_line, (void *)((uintptr_t)left - 1), NULL), NULL);
    return NULL;
}

static void test_line(void)
{
    keel_task_create(await_in_line, (void *)(uintptr_t)(line_of_tasks - 1), NULL);
    check(comes_to_name(stuck_yet += line_of_tasks),
          "a line of tasks, the last of which sleeps for ever");
}

static void *await_stuck_until(void *task)
{
    return (void *)(intptr_t)keel_task_await_until(task, NULL, keel_now() + 1000 * MILLISECOND);
}

static void test_deadline_on_stuck(void)
{
    keel_task *sleeps = keel_task_create(await_in_line, NULL, NULL);
    keel_task *waits = keel_task_create(await_stuck_until, sleeps, NULL);
    check(comes_to_name(stuck_yet += 1), "but nobody who waits for such a one until a deadline");
    keel_task_detach(waits);
}

/* ---- keel_wait_all */

static uint32_t waits_for_all;

static void *wait_all(void *arg)
{
    arrive(&waits_for_all);
    keel_wait_all();
    return arg;
}

static void *wait_all_stuck(void *arg)
{
    note_stuck();
    return wait_all(arg);
}

static void test_wait_all_goes_on(void)
{
    keel_task *task = keel_task_create(wait_all, NULL, NULL);
    yield_until(&waits_for_all, 1);
    keel_sleep(5 * MILLISECOND);
    check(names_exactly(0), "nobody who waits for all others, while these can end");
    keel_wait_all();
    keel_task_await(task, NULL);
}

static void *await_who_waits_for_all(void *task)
{
    note_stuck();
    keel_task_await(task, NULL);
    return NULL;
}

static void test_wait_all_of_each_other(void)
{
    keel_task *task = keel_task_create(wait_all_stuck, NULL, NULL);
    yield_until(&waits_for_all, 2);
    keel_task_create(await_who_waits_for_all, task, NULL);
    check(comes_to_name(stuck_yet += 2), "who waits for all others, and one that awaits it");
}

static void test_wait_all(void)
{
    keel_task_create(wait_all_stuck, NULL, NULL);
    check(comes_to_name(stuck_yet += 1), "who waits for all others, some of which are stuck");
}

/* ---- */

static void test_room(void)
{
    uint64_t ids[4] = {0};
    check_equal(keel_stuck_tasks(ids, 3), stuck_yet, "the number of all, with room for three");
    check(is_expected(ids[0]) && is_expected(ids[1]) && is_expected(ids[2]) && ids[3] == 0,
          "  and three are named");
}

int main(void)
{
    chan = keel_chan_create(0, 0);
    check(names_exactly(0), "nobody at first");
    test_who_can_be_woken();
    test_a_deadline();
    test_wait_all_goes_on();
    test_reused_descriptor();
    test_let_go();
    test_oneself();
    test_circle();
    test_child_and_parent();
    test_join();
    test_line();
    test_deadline_on_stuck();
    test_wait_all();
    test_wait_all_of_each_other();
    test_room();
    return tap_done();
}
