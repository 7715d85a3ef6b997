/*
 * Tasks that are shelved while they wait: each byte of their stacks is back when they go on, and
 * whatever happened meanwhile (an element, a close, a deadline, an end) arrives.
 */
#include <asm/errno.h>
#include <linux/auxvec.h>

#include "base/memory.h"
#include "mem/touched.h"
#include "tests/chan/shelved_waits.h"

static int64_t deadline;
static keel_wait_group group;
static keel_task *awaited;

/* ---- elements */

/* A receiver's place for its element is only written to: what was there is nobody's to copy. */
static unsigned count_copied(void)
{
    unsigned copied = 0;
    for (uint64_t i = 0; i < tasks_most; i++) {
        uint64_t before = i + word_before;
        copied += memcmp(tasks[i]->shelf->inner, &before, sizeof before) == 0;
    }
    return copied;
}

static void elements_arrive(void)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    bool in_order = true;
    for (unsigned i = 0; i < tasks_most; i++) {
        waits = receive_word;
        tasks[i] = create_shelved(run, (void *)(uintptr_t)i);
        in_order = until_receivers_wait(chan, i + 1) && in_order;
    }
    check(in_order && until_shelved(tasks, tasks_most), "64 receivers are shelved");
    check_equal(count_copied(), 0, "what lay in the place of their elements is not copied");
    const struct mem_stack *stack = tasks[5]->stack;
    uintptr_t low = (uintptr_t)stack - sizeof(struct pattern) - arch_page_size;
    uintptr_t end = round_down((uintptr_t)stack, arch_page_size);
    check(process_auxiliary(AT_SYSINFO_EHDR, 0) == 0 || mem_touched_lowest(low, end) == end,
          "their stacks take no memory");
    for (uint64_t i = 0; i < tasks_most; i++) {
        uint64_t word = i + 7;
        keel_chan_send(chan, &word);
    }
    check_equal(await_good(tasks_most), tasks_most,
                "each gets its element, and finds its stack as it was");
}

static bool send_word(uint64_t seed)
{
    uint64_t word = seed;
    return keel_chan_send(chan, &word) == 0 && word == seed;
}

static void elements_are_taken(void)
{
    start(send_word, tasks_most);
    bool waiting = until_senders_wait(chan, tasks_most) && until_shelved(tasks, tasks_most);
    uint64_t sum = 0, word = 0;
    for (unsigned i = 0; i < tasks_most; i++) {
        keel_chan_receive(chan, &word);
        sum += word;
    }
    check(waiting && sum == tasks_most * (tasks_most - 1) / 2,
          "what shelved senders hold is taken");
    check_equal(await_good(tasks_most), tasks_most, "and their stacks come back");
}

struct large {
    uint64_t words[40];
};

static bool receive_large(uint64_t seed)
{
    struct large large[3] = {{{seed}}, {{0}}, {{seed}}};
    bool good = keel_chan_receive(chan, &large[1]) == 1 && large[0].words[0] == seed &&
                large[2].words[0] == seed && large[0].words[39] == 0 && large[2].words[1] == 0;
    for (unsigned i = 0; i < 40; i++)
        good = good && large[1].words[i] == large[1].words[0] + i;
    return good;
}

static bool send_large(uint64_t seed)
{
    struct large large;
    for (unsigned i = 0; i < 40; i++)
        large.words[i] = seed + i;
    return keel_chan_send(chan, &large) == 0;
}

static void large_elements(void)
{
    enum { count = 20 };
    renew_chan(sizeof(struct large));
    start(receive_large, count);
    bool waiting = until_receivers_wait(chan, count) && until_shelved(tasks, count);
    for (uint64_t i = 0; i < count; i++)
        send_large(i * 1000);
    check(waiting && await_good(count) == count, "large elements arrive");
    start(send_large, count);
    waiting = until_senders_wait(chan, count) && until_shelved(tasks, count);
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++)
        good += receive_large(i);
    check(waiting && good == count && await_good(count) == count, "and are taken");
    renew_chan(sizeof(uint64_t));
}

/* ---- other ends of a wait */

static bool send_none(uint64_t seed)
{
    return keel_chan_send(chan, &seed) == -EPIPE;
}

static void close_wakes(void)
{
    start(receive_none, tasks_most);
    bool waiting = until_receivers_wait(chan, tasks_most) && until_shelved(tasks, tasks_most);
    keel_chan_close(chan);
    check(waiting && await_good(tasks_most) == tasks_most, "a close ends the waits of receivers");
    renew_chan(sizeof(uint64_t));
    start(send_none, tasks_most);
    waiting = until_senders_wait(chan, tasks_most) && until_shelved(tasks, tasks_most);
    keel_chan_close(chan);
    check(waiting && await_good(tasks_most) == tasks_most, "and of senders");
    renew_chan(sizeof(uint64_t));
}

static bool receive_too_late(uint64_t seed)
{
    uint64_t word = seed;
    return keel_chan_receive_until(chan, &word, deadline) == -ETIMEDOUT && word == seed;
}

static bool receive_in_time(uint64_t seed)
{
    uint64_t word = seed;
    return keel_chan_receive_until(chan, &word, deadline) == 1 && word == seed + 9;
}

static bool sleep_on(uint64_t seed)
{
    return keel_sleep_until(deadline + (int64_t)seed * 1000) == 0 && keel_now() >= deadline;
}

static bool await_too_late(uint64_t seed)
{
    (void)seed;
    return keel_task_await_until(awaited, NULL, deadline) == -ETIMEDOUT;
}

/* Whether all are shelved when the deadline comes. */
static bool until_shelved_in_time(unsigned count)
{
    for (unsigned i = 0; i < count;) {
        if (keel_now() >= deadline)
            return false;
        if (is_shelved(tasks[i]))
            i++;
        else
            keel_sleep(MILLISECOND);
    }
    return true;
}

/* Tasks that wait until a deadline, which comes so late that all of them are shelved before. */
static bool deadline_ends(wait_fn *wait, unsigned count)
{
    bool went = false, good = true;
    for (int64_t later = 50 * MILLISECOND; !went && good && later < meeting_patience; later *= 2) {
        deadline = keel_now() + later;
        start(wait, count);
        went = until_shelved_in_time(count);
        good = await_good(count) == count;
    }
    return went && good;
}

static void deadlines(void)
{
    check(deadline_ends(receive_too_late, tasks_most), "deadlines end waits on a channel");
    uint64_t word = 0;
    check_equal(keel_chan_try_send(chan, &word), -EAGAIN, "and nobody waits there any more");
    deadline = keel_now() + 2 * meeting_patience;
    waits = receive_in_time;
    tasks[0] = create_shelved(run, (void *)3);
    bool went = until_shelved(tasks, 1);
    word = 3 + 9;
    keel_chan_send(chan, &word);
    check(went && await_good(1) == 1, "an element comes before the deadline");
    check(deadline_ends(sleep_on, tasks_most), "sleepers wake");
}

static bool wait_group(uint64_t seed)
{
    (void)seed;
    keel_wait_group_wait(&group);
    return true;
}

static bool receive_any(uint64_t seed)
{
    uint64_t word;
    return keel_chan_receive(chan, &word) == 1 && seed != 0;
}

static void *end_when_told(void *arg)
{
    return wait_with_pattern(receive_any, 1) ? arg : NULL;
}

static bool await_other(uint64_t seed)
{
    void *result = NULL;
    return keel_task_await(awaited, &result) == 0 && result == &group && seed == 0;
}

static void others(void)
{
    keel_wait_group_add(&group, 1);
    start(wait_group, tasks_most);
    bool went = until_shelved(tasks, tasks_most);
    keel_wait_group_done(&group);
    check(went && await_good(tasks_most) == tasks_most, "a wait group lets them go");
    uint64_t word = 0;
    awaited = create_shelved(end_when_told, &group);
    check(deadline_ends(await_too_late, 1), "a deadline ends an await");
    start(await_other, 1);
    went = until_shelved(tasks, 1) && until_shelved(&awaited, 1);
    keel_chan_send(chan, &word);
    check(went && await_good(1) == 1, "a shelved task ends, and a shelved task awaits it");
}

/* ---- waits that only the ends of others end */

static bool wait_for_all(uint64_t seed)
{
    (void)seed;
    keel_wait_all();
    return true;
}

static void all_others(void)
{
    enum { count = 8 };
    start(wait_for_all, count);
    bool went = until_shelved(tasks, count);
    keel_wait_all();
    check(went && await_good(count) == count, "keel_wait_all lets shelved tasks go");
}

static bool sleep_for_ever(uint64_t seed)
{
    (void)seed;
    return keel_sleep(KEEL_FOREVER) != 0;
}

static bool await_for_ever(uint64_t seed)
{
    (void)seed;
    return keel_task_await(awaited, NULL) != 0;
}

static void stuck(void)
{
    uint64_t ids[4];
    start(sleep_for_ever, 1);
    bool went = until_shelved(tasks, 1);
    awaited = tasks[0];
    waits = await_for_ever;
    tasks[1] = create_shelved(run, NULL);
    went = until_shelved(tasks, 2) && went;
    check(went && keel_stuck_tasks(ids, 4) == 2, "who is stuck is found, shelved or not");
}

int main(void)
{
    sched_shelve_beyond = 0;
    elements_arrive();
    elements_are_taken();
    large_elements();
    close_wakes();
    deadlines();
    others();
    all_others();
    stuck();
    keel_chan_release(chan, NULL);
    return tap_done();
}
