/*
 * Tasks that may be shelved and keep their stacks: while others work there, because they have a
 * thread, because so many were told to, for want of memory or because there is nothing to gain; and
 * such as go on while they are being shelved.
 */
#include "base/memory.h"
#include "keel/fork.h"
#include "keel/mem.h"
#include "mem/pages.h"
#include "tests/cases.h"
#include "tests/chan/shelved_waits.h"
#include "tests/mem/has_slots.h"
#include "tests/sched/blocked.h"

static keel_wait_group told;

static unsigned count_shelved(void)
{
    unsigned shelved = 0;
    for (unsigned i = 0; i < tasks_most; i++)
        shelved += is_shelved(tasks[i]);
    return shelved;
}

/* ---- forked children */

static void *add_one(void *arg)
{
    keel_wait_group_wait(&told);
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

static void who_has_children(void)
{
    uint64_t word = 0;
    keel_wait_group_add(&told, 1);
    start(fork_and_wait, 1);
    bool waiting = until_receivers_wait(chan, 1) && let_sweeps_pass();
    check(waiting && !is_shelved(tasks[0]), "who has a forked child keeps its stack");
    keel_wait_group_done(&told);
    keel_chan_send(chan, &word);
    check_equal(await_good(1), 1, "and finds there what the child wrote");
    keel_wait_group_add(&told, 1);
    start(join_late, 1);
    int64_t end = keel_now() + meeting_patience;
    /* RELAXED: only looks. */
    while (atomic_load(&tasks[0]->wait_reason, RELAXED) != SCHED_WAIT_AWAIT && keel_now() < end)
        keel_sleep(MILLISECOND);
    waiting = keel_now() < end && let_sweeps_pass();
    check(waiting && !is_shelved(tasks[0]), "also who joins its only child");
    keel_wait_group_done(&told);
    check_equal(await_good(1), 1, "which writes there meanwhile");
}

/* ---- so many as said */

static void who_ran_last(void)
{
    enum { kept = tasks_most / 2 };
    sched_shelve_beyond = kept;
    start(receive_none, tasks_most);
    bool waiting = until_receivers_wait(chan, tasks_most);
    for (int64_t end = keel_now() + meeting_patience;
         count_shelved() < tasks_most - kept && keel_now() < end;)
        keel_sleep(MILLISECOND);
    for (unsigned i = 0; i < 50; i++)
        keel_sleep(MILLISECOND);
    check_equal(count_shelved(), tasks_most - kept, "so many as said keep their stacks");
    sched_shelve_beyond = 0;
    keel_chan_close(chan);
    check(waiting && await_good(tasks_most) == tasks_most, "and all go on");
    renew_chan(sizeof(uint64_t));
}

/* ---- threads of their own, and blocking calls */

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
    waiting = let_sweeps_pass() && waiting;
    for (unsigned i = 0; i < count; i++)
        waiting = !is_shelved(tasks[i]) && waiting;
    check(waiting, "who holds its thread keeps its stack");
    check(serve_twice(count), "and can be shelved when it has let");
    check_equal(await_good(count), count, "elements and stacks are there, both times");
}

enum { blocking_rounds = 3 };

/*
 * Blocks after a wait for which it was shelved and one for which it hardly was, so that sweeps come
 * by, and others may lend its worker on.
 */
static bool block_between(uint64_t seed)
{
    bool good = true;
    for (unsigned i = 0; i < blocking_rounds; i++) {
        volatile uint64_t own = seed;
        uint64_t word = 0;
        good = keel_chan_receive(chan, &word) == 1 && word == 7 && good;
        good = keel_chan_receive(chan, &word) == 1 && word == 7 && good;
        block_in_kernel(4 * MILLISECOND);
        good = good && own == seed;
    }
    return good;
}

static void who_blocks(void)
{
    enum { count = 16 };
    uint64_t word = 7;
    bool went = true;
    start(block_between, count);
    for (unsigned round = 0; round < blocking_rounds; round++) {
        went = until_receivers_wait(chan, count) && until_shelved(tasks, count) && went;
        for (unsigned i = 0; i < count; i++)
            keel_chan_send(chan, &word);
        went = until_receivers_wait(chan, count) && went;
        for (unsigned i = 0; i < count; i++)
            keel_chan_send(chan, &word);
    }
    check(went, "who has been in a blocking call is shelved again");
    check_equal(await_good(count), count, "and blocks when it has been shelved");
}

/* ---- while it happens */

/* Waits in two ways by turns, so that each gets as many words as any, in another order. */
enum { rounds_each = 60 };

static uint32_t ended; /* atomic */

static bool go_round(uint64_t seed)
{
    uint64_t word, got = 0;
    for (unsigned i = 0; i < rounds_each; i++) {
        if ((seed + i) % 3 == 0)
            keel_sleep((int64_t)(seed * 7 + i) % 50 * 1000);
        got += keel_chan_receive(chan, &word) == 1;
    }
    arrive(&ended);
    return got == rounds_each;
}

static bool until_some_are_shelved(unsigned some)
{
    int64_t end = keel_now() + meeting_patience;
    keel_sleep(MILLISECOND / 20); /* who was woken is no longer away when it has come back */
    while (count_shelved() < some && !have_arrived(&ended, tasks_most - some)) {
        if (keel_now() > end)
            return false;
        keel_sleep(MILLISECOND / 20);
    }
    return true;
}

/* Each burst begins when some are shelved, while others are about to be. */
static void while_it_happens(void)
{
    bool went = true;
    unsigned seen = 0;
    start(go_round, tasks_most);
    for (uint64_t i = 0; i < rounds_each; i++) {
        went = went && until_some_are_shelved(1 + (unsigned)i % (tasks_most / 2));
        seen += count_shelved();
        for (uint64_t j = 0; j < tasks_most; j++)
            keel_chan_send(chan, &j);
    }
    tap_note("seen shelved", seen);
    check(went && seen > tasks_most, "some are shelved while others go on");
    check_equal(await_good(tasks_most), tasks_most, "woken while they are being shelved");
}

/* ---- elements for which there is no place apart */

enum { large_bytes = 20 * 1024, large_count = 4 };

static unsigned char large[large_count][large_bytes];

static bool is_filled(const unsigned char *bytes, size_t count, unsigned char with)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != with)
            return false;
    }
    return true;
}

static bool receive_large(uint64_t seed)
{
    return keel_chan_receive(chan, large[seed]) == 1 && is_filled(large[seed], large_bytes, 7);
}

static unsigned char *huge;

static bool receive_no_huge(uint64_t seed)
{
    return keel_chan_receive(chan, huge) == (int)seed;
}

static void large_elements(void)
{
    static unsigned char sent[large_bytes];
    memset(sent, 7, sizeof sent);
    renew_chan(large_bytes);
    start(receive_large, large_count);
    bool waiting = until_receivers_wait(chan, large_count) && let_sweeps_pass();
    for (unsigned i = 0; i < large_count; i++)
        waiting = !is_shelved(tasks[i]) && waiting;
    check(waiting, "who is to receive 20 KiB keeps its stack");
    for (unsigned i = 0; i < large_count; i++)
        keel_chan_send(chan, sent);
    check_equal(await_good(large_count), large_count, "and does receive them");
    const size_t huge_bytes = (UINT64_C(1) << 32) + 8;
    huge = page_map_stacks(huge_bytes);
    renew_chan(huge_bytes);
    start(receive_no_huge, 1);
    waiting = until_receivers_wait(chan, 1) && let_sweeps_pass() && !is_shelved(tasks[0]);
    keel_chan_close(chan);
    check(await_good(1) == 1 && waiting, "so does who waits for more than 4 GiB");
    page_unmap(huge, huge_bytes);
    renew_chan(sizeof(uint64_t));
}

enum { right, wrong, medium_bytes = 12 * 1024 };

static unsigned char medium[2][medium_bytes];

static bool receive_medium_twice(uint64_t seed)
{
    keel_wait_group_wait(&told);
    bool good = true;
    for (unsigned i = 0; i < 2; i++)
        good = keel_chan_receive(chan, medium[0]) == 1 && good;
    return good && is_filled(medium[0], medium_bytes, 7) && seed == 0;
}

/* On one worker, with one heap. At one wait there is no memory for the element; then there is. */
static int lacks_memory(void)
{
    enum { blocks_most = 10000 };
    static void *blocks[blocks_most];
    unsigned count = 0;
    sched_shelve_beyond = 0;
    refuse_syscall(__NR_clone, EAGAIN);
    chan = keel_chan_create(0, medium_bytes);
    keel_wait_group_add(&told, 1);
    start(receive_medium_twice, 1);
    /* What sweeps to come need is there then. */
    if (!let_sweeps_pass() || !is_shelved(tasks[0]) || !refuse_syscall(__NR_mmap, ENOMEM))
        return wrong;
    while (count < blocks_most && (blocks[count] = keel_alloc(medium_bytes)) != NULL)
        count++;
    keel_wait_group_done(&told);
    if (count == blocks_most || !until_receivers_wait(chan, 1))
        return wrong;
    for (unsigned i = 0; i < count; i += 2)
        keel_free(blocks[i]);
    if (!let_sweeps_pass() || is_shelved(tasks[0]))
        return wrong;
    memset(medium[1], 7, medium_bytes);
    keel_chan_send(chan, medium[1]);
    if (!until_receivers_wait(chan, 1) || !until_shelved(tasks, 1))
        return wrong;
    keel_chan_send(chan, medium[1]);
    return await_good(1) == 1 ? right : wrong;
}

/* ---- small stacks */

/* A pattern would have no room. */
static void *wait_for_group(void *arg)
{
    keel_wait_group_wait(&told);
    return arg;
}

static void small_stacks(void)
{
    keel_task_options options = {.stack_size = 4096, .flags = KEEL_TASK_SHELVED};
    check(keel_task_create(wait_for_group, &told, &options) == NULL,
          "of a page there is nothing to shelve");
    options.stack_size = 4097;
    keel_wait_group_add(&told, 1);
    tasks[0] = keel_task_create(wait_for_group, &told, &options);
    bool as_is_fit =
        has_slots() ? until_shelved(tasks, 1) : let_sweeps_pass() && !is_shelved(tasks[0]);
    check(as_is_fit, "of two there is, if all of a stack can go");
    keel_wait_group_done(&told);
    check_equal(await_good(1), 1, "and it goes on");
}

int main(void)
{
    cases_need_refusals();
    check_case(lacks_memory, right, "no memory for an element: the next wait tries it again");
    sched_shelve_beyond = 0;
    chan = keel_chan_create(0, sizeof(uint64_t));
    who_has_children();
    who_ran_last();
    who_has_a_thread();
    who_blocks();
    while_it_happens();
    large_elements();
    small_stacks();
    keel_chan_release(chan, NULL);
    return tap_done();
}
