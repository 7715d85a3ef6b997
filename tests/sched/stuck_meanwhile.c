/*
 * keel_stuck_tasks when much changes in the midst of the call: between its count and its table, and
 * between its table and its judgement. It is compiled here with calls in those places.
 */
#include "keel/chan.h"
#include "mem/pages.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/comes_to_wait.h"
#include "tests/sched/meeting.h"

static void (*before_table)(void), (*after_table)(void);

static void run_once(void (**call)(void))
{
    void (*once)(void) = *call;
    *call = NULL;
    if (once != NULL)
        once();
}

static bool refuses;

static void *map_later(size_t size)
{
    run_once(&before_table);
    return refuses ? NULL : page_map(size);
}

static bool enters(void (*each)(struct keel_task *task, void *data));

static void each_and_then(void (*each)(struct keel_task *task, void *data), void *data)
{
    sched_task_each(each, data);
    if (enters(each))
        run_once(&after_table);
}

#define page_map        map_later
#define sched_task_each each_and_then
#include "sched/stuck.c"

static bool enters(void (*each)(struct keel_task *task, void *data))
{
    return each == enter;
}

enum { asleep = 5, crowd = 400 };

static keel_task *sleepers[asleep];
static uint64_t sleepers_ids[asleep];
static keel_chan *chan;
static uint32_t sleeping, arrived, ended;

static void *sleep_for_ever(void *id)
{
    *(uint64_t *)id = keel_task_id();
    arrive(&sleeping);
    keel_sleep(KEEL_FOREVER);
    return NULL;
}

static void *receive(void *arg)
{
    arrive(&arrived);
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *await_task(void *task)
{
    keel_task_await(task, NULL);
    arrive(&ended);
    return NULL;
}

/* Whether the sleepers are named, and nobody else. */
static bool names_sleepers(void)
{
    uint64_t ids[asleep + 1];
    bool right = keel_stuck_tasks(ids, asleep + 1) == asleep;
    for (int i = 0; i < asleep && right; i++) {
        bool found = false;
        for (int j = 0; j < asleep; j++)
            found |= ids[j] == sleepers_ids[i];
        right = found;
    }
    return right;
}

/* Far more than the table has room for; they lie in newer slabs, which are listed first. */
static void let_a_crowd_wait(void)
{
    static keel_task *tasks[crowd];
    for (int i = 0; i < crowd; i++) {
        keel_task *child = keel_task_create(receive, NULL, NULL);
        tasks[i] = keel_task_create(await_task, child, NULL);
    }
    for (int i = 0; i < crowd; i++)
        comes_to_wait(tasks[i]);
    for (int i = 0; i < crowd; i++)
        keel_task_detach(tasks[i]);
}

static void test_room(void)
{
    before_table = let_a_crowd_wait;
    check(names_sleepers(), "all are found when many begin to wait meanwhile");
    check(before_table == NULL, "  and that many did");
    yield_until(&arrived, crowd);
    for (int i = 0; i < crowd; i++)
        keel_chan_send(chan, NULL);
    check(yield_until(&ended, crowd), "  which were woken");
}

/* ---- the descriptor of one who waited gets another owner, who waits for one that is stuck */

static keel_task *waits, *successor;

static void replace(void)
{
    keel_chan_send(chan, NULL);
    keel_task_await(waits, NULL);
    successor = keel_task_create(await_task, sleepers[0], NULL);
    comes_to_wait(successor);
}

static void test_replaced(void)
{
    keel_task *child = begun(keel_task_create(receive, NULL, NULL));
    waits = begun(keel_task_create(await_task, child, NULL));
    comes_to_wait(child);
    comes_to_wait(waits);
    after_table = replace;
    check(names_sleepers(), "nobody who has ended, for what the next in its place does");
    check(successor == waits, "  and another was in its place");
    check_equal(keel_stuck_tasks(NULL, 0), asleep + 1, "  which is stuck");
}

int main(void)
{
    chan = keel_chan_create(0, 0);
    for (int i = 0; i < asleep; i++)
        sleepers[i] = begun(keel_task_create(sleep_for_ever, &sleepers_ids[i], NULL));
    yield_until(&sleeping, asleep);
    for (int i = 0; i < asleep; i++)
        comes_to_wait(sleepers[i]);
    check(names_sleepers(), "those that sleep for ever");
    refuses = true;
    check_equal((int64_t)keel_stuck_tasks(NULL, 0), -1, "it says when there is no memory to look");
    refuses = false;
    test_room();
    test_replaced();
    return tap_done();
}
