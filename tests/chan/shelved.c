/*
 * Tasks that are shelved while they wait: each byte of their stacks is back when they go on, and
 * whatever happened meanwhile (an element, a close, a deadline, an end) arrives.
 */
#include <asm/errno.h>
#include <linux/auxvec.h>

#include "keel/chan.h"
#include "keel/fork.h"
#include "keel/mem.h"
#include "keel/sync.h"
#include "mem/touched.h"
#include "tests/chan/shelved.h"
#include "tests/chan/waiting.h"
#include "tests/sched/blocked.h"

enum { tasks_most = 64 };

static keel_task *tasks[tasks_most];
static keel_chan *chan;
static int64_t deadline;
static keel_wait_group group;
static keel_task *awaited;

/* What a task does with its stack in use; returns whether that went as it should. */
typedef bool wait_fn(uint64_t seed);

static __attribute__((noinline)) bool wait_with_pattern(wait_fn *wait, uint64_t seed)
{
    volatile struct pattern pattern;
    pattern_fill(&pattern, seed);
    bool good = wait(seed);
    return pattern_is_whole(&pattern, seed) && good;
}

static wait_fn *waits;

static void *run(void *arg)
{
    return (void *)(uintptr_t)wait_with_pattern(waits, (uintptr_t)arg);
}

static void start(wait_fn *wait, unsigned count)
{
    waits = wait;
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = create_shelved(run, (void *)i);
}

static unsigned await_good(unsigned count)
{
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        good += result != NULL;
    }
    return good;
}

/* ---- elements */

static bool receive_word(uint64_t seed)
{
    uint64_t before = ~seed, word = 0, after = seed;
    return keel_chan_receive(chan, &word) == 1 && word == seed + 7 && before == ~seed &&
           after == seed;
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
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(struct large));
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
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(uint64_t));
}

/* ---- other ends of a wait */

static bool receive_none(uint64_t seed)
{
    uint64_t word = seed;
    return keel_chan_receive(chan, &word) == 0 && word == seed;
}

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
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(uint64_t));
    start(send_none, tasks_most);
    waiting = until_senders_wait(chan, tasks_most) && until_shelved(tasks, tasks_most);
    keel_chan_close(chan);
    check(waiting && await_good(tasks_most) == tasks_most, "and of senders");
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(uint64_t));
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

static void deadlines(void)
{
    static const int64_t later = 100 * MILLISECOND;
    deadline = keel_now() + later;
    start(receive_too_late, tasks_most);
    bool went = until_shelved(tasks, tasks_most) || keel_now() > deadline;
    check(await_good(tasks_most) == tasks_most && went, "deadlines end waits on a channel");
    uint64_t word = 0;
    check_equal(keel_chan_try_send(chan, &word), -EAGAIN, "and nobody waits there any more");
    deadline = keel_now() + 100 * later;
    waits = receive_in_time;
    tasks[0] = create_shelved(run, (void *)3);
    went = until_shelved(tasks, 1);
    word = 3 + 9;
    keel_chan_send(chan, &word);
    check(went && await_good(1) == 1, "an element comes before the deadline");
    deadline = keel_now() + later;
    start(sleep_on, tasks_most);
    went = until_shelved(tasks, tasks_most) || keel_now() > deadline;
    check(went && await_good(tasks_most) == tasks_most, "sleepers wake");
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
    deadline = keel_now() + 100 * MILLISECOND;
    start(await_too_late, 1);
    check_equal(await_good(1), 1, "a deadline ends an await");
    start(await_other, 1);
    went = until_shelved(tasks, 1) && until_shelved(&awaited, 1);
    keel_chan_send(chan, &word);
    check(went && await_good(1) == 1, "a shelved task ends, and a shelved task awaits it");
}

/* ---- those that keep their stacks */

static void *add_one(void *arg)
{
    keel_sleep(20 * MILLISECOND);
    ++*(uint64_t *)arg;
    return arg;
}

/* The child, a task since the yield, works on its parent's stack while that waits for its end. */
static bool join_late(uint64_t seed)
{
    uint64_t sum = seed;
    keel_fork_frame frame;
    keel_fork(&frame, add_one, &sum);
    keel_yield();
    return keel_join(&frame) == &sum && sum == seed + 1;
}

static bool fork_and_wait(uint64_t seed)
{
    uint64_t word, sum = seed;
    keel_fork_frame frame;
    keel_fork(&frame, add_one, &sum);
    bool good = keel_chan_receive(chan, &word) == 1;
    return keel_join(&frame) == &sum && good && sum == seed + 1;
}

/* Its thread stands on the stack while it waits; then none does. */
static bool hold_and_receive(uint64_t seed)
{
    bool holds = keel_thread_hold() == 0;
    bool good = receive_word(seed);
    if (holds)
        keel_thread_let();
    return holds && receive_word(seed) && good;
}

static bool serve_twice(unsigned count)
{
    bool good = true;
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < count; i++) {
            uint64_t word = i + 7;
            keel_chan_send(chan, &word);
            good = (round == 1 || until_receivers_wait(chan, count)) && good;
        }
        good = (round == 1 || until_shelved(tasks, count)) && good;
    }
    return good;
}

static void who_has_a_thread(void)
{
    enum { count = 4 };
    bool waiting = true;
    waits = hold_and_receive;
    for (unsigned i = 0; i < count; i++) {
        tasks[i] = create_shelved(run, (void *)(uintptr_t)i);
        waiting = until_receivers_wait(chan, i + 1) && waiting;
    }
    keel_sleep(20 * MILLISECOND);
    for (unsigned i = 0; i < count; i++)
        waiting = !is_shelved(tasks[i]) && waiting;
    check(waiting, "who holds its thread keeps its stack");
    check(serve_twice(count), "and can be shelved when it has let");
    check_equal(await_good(count), count, "elements and stacks are there, both times");
}

/* Blocks in between two waits, so that others may lend its worker on. */
static bool block_between(uint64_t seed)
{
    bool good = true;
    for (unsigned i = 0; i < 4; i++) {
        volatile uint64_t word = seed;
        keel_sleep((int64_t)seed % 4 * MILLISECOND);
        block_in_kernel(4 * MILLISECOND);
        good = good && word == seed;
    }
    return good;
}

static void who_blocks(void)
{
    enum { count = 16 };
    start(block_between, count);
    check_equal(await_good(count), count, "who was shelved blocks, and is shelved again");
}

static void who_keeps_its_stack(void)
{
    uint64_t word = 0;
    start(fork_and_wait, 1);
    bool waiting = until_receivers_wait(chan, 1);
    keel_sleep(20 * MILLISECOND);
    check(waiting && !is_shelved(tasks[0]), "who has a forked child keeps its stack");
    keel_chan_send(chan, &word);
    check_equal(await_good(1), 1, "and finds there what the child wrote");
    start(join_late, 1);
    keel_sleep(10 * MILLISECOND);
    check(!is_shelved(tasks[0]), "also who joins its only child");
    check_equal(await_good(1), 1, "which writes there meanwhile");
    sched_shelve_beyond = tasks_most / 2;
    start(receive_none, tasks_most);
    waiting = until_receivers_wait(chan, tasks_most);
    for (unsigned i = 0; i < 200; i++)
        keel_sleep(MILLISECOND);
    unsigned shelved = 0;
    for (unsigned i = 0; i < tasks_most; i++)
        shelved += is_shelved(tasks[i]);
    check_equal(shelved, tasks_most / 2, "so many as said keep their stacks");
    sched_shelve_beyond = 0;
    keel_chan_close(chan);
    check(waiting && await_good(tasks_most) == tasks_most, "and all go on");
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(uint64_t));
}

/* ---- while it happens */

static uint32_t rounds_done;

/* Waits in all ways by turns, with what others do to its stack meanwhile. */
static bool go_round(uint64_t seed)
{
    enum { rounds = 60 };
    uint64_t word, got = 0;
    for (unsigned i = 0; i < rounds; i++) {
        if ((seed + i) % 3 == 0)
            keel_sleep((int64_t)(seed * 7 + i) % 50 * 1000);
        got += keel_chan_receive(chan, &word) == 1;
        arrive(&rounds_done);
    }
    return got == rounds;
}

static void while_it_happens(void)
{
    enum { rounds = 60 * tasks_most };
    start(go_round, tasks_most);
    for (uint64_t i = 0; i < rounds; i++) {
        keel_chan_send(chan, &i);
        if (i % 16 == 0)
            keel_sleep((int64_t)(i % 200) * 500);
    }
    check_equal(await_good(tasks_most), tasks_most, "woken while they are being shelved");
    check(have_arrived(&rounds_done, rounds), "none too few");
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

/* A pattern would have no room. */
static void *wait_for_group(void *arg)
{
    (void)arg;
    keel_wait_group_wait(&group);
    return &group;
}

static void refused(void)
{
    keel_task_options options = {.stack_size = 4096, .flags = KEEL_TASK_SHELVED};
    check(keel_task_create(wait_for_group, NULL, &options) == NULL,
          "of a page there is nothing to shelve");
    options.stack_size = 4097;
    keel_wait_group_add(&group, 1);
    tasks[0] = keel_task_create(wait_for_group, NULL, &options);
    keel_wait_group_done(&group);
    check(tasks[0] != NULL && await_good(1) == 1, "of two there is");
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
    who_keeps_its_stack();
    who_has_a_thread();
    who_blocks();
    while_it_happens();
    refused();
    all_others();
    stuck();
    keel_chan_release(chan, NULL);
    return tap_done();
}
