/* Sends and receives that do not wait, or only until a deadline: what moves, moves once. */
#include <asm/errno.h>

#include "tests/chan/waiting.h"

static const int64_t soon = MILLISECOND;

static void tries(void)
{
    keel_chan *chan = keel_chan_create(1, sizeof(uint64_t));
    uint64_t element = 5;
    check_equal(keel_chan_try_receive(chan, &element), -EAGAIN, "nothing is there to receive");
    check_equal(element, 5, "  and nothing is written");
    check_equal(keel_chan_try_send(chan, &element), 0, "there is room to send");
    element = 6;
    check_equal(keel_chan_try_send(chan, &element), -EAGAIN, "there is none left");
    check_equal(keel_chan_try_receive(chan, &element), 1, "what was sent is there");
    check(element == 5 && keel_chan_length(chan) == 0, "  and nothing else");
    keel_chan_close(chan);
    check_equal(keel_chan_try_send(chan, &element), -EPIPE, "closed: no send");
    check_equal(keel_chan_try_receive(chan, &element), 0, "closed and drained");
    keel_chan_release(chan, NULL);
}

static void *receive_one(void *arg)
{
    uint64_t element = 0;
    return (void *)(uintptr_t)(keel_chan_receive(arg, &element) == 1 ? element : 0);
}

static void *send_nine(void *arg)
{
    uint64_t element = 9;
    return (void *)(intptr_t)keel_chan_send(arg, &element);
}

static void try_meets_waiters(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    uint64_t element = 8;
    void *result = NULL;
    keel_task *task = keel_task_create(receive_one, chan, NULL);
    bool waits = until_receivers_wait(chan, 1);
    check(waits && keel_chan_try_send(chan, &element) == 0, "try_send finds a waiting receiver");
    keel_task_await(task, &result);
    check_equal((uintptr_t)result, 8, "  which has the element");
    task = keel_task_create(send_nine, chan, NULL);
    waits = until_senders_wait(chan, 1);
    check(waits && keel_chan_try_receive(chan, &element) == 1 && element == 9,
          "try_receive finds a waiting sender");
    keel_task_await(task, &result);
    keel_chan_release(chan, NULL);
}

/* ---- deadlines that come */

static void comes(size_t capacity, const char *what)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    uint64_t element = 3;
    int64_t deadline = keel_now() + soon;
    check_equal(keel_chan_receive_until(chan, &element, deadline), -ETIMEDOUT, what);
    check(keel_now() >= deadline && element == 3, "  not before it, and nothing is written");
    check_equal(receivers_waiting(chan), 0, "  and nobody waits any more");
    for (size_t i = 0; i < capacity; i++)
        keel_chan_send(chan, &element);
    deadline = keel_now() + soon;
    check_equal(keel_chan_send_until(chan, &element, deadline), -ETIMEDOUT, "  sending");
    check(keel_now() >= deadline && senders_waiting(chan) == 0, "  not before it either");
    check_equal(keel_chan_length(chan), (int64_t)capacity, "  and the element is not inside");
    check_equal(keel_chan_send_until(chan, &element, 0), -ETIMEDOUT,
                "  a deadline that has passed");
    keel_chan_release(chan, NULL);
}

static void passed(void)
{
    keel_chan *chan = keel_chan_create(1, sizeof(uint64_t));
    uint64_t element = 4;
    check_equal(keel_chan_receive_until(chan, &element, 0), -ETIMEDOUT,
                "passed, and nothing there");
    check_equal(keel_chan_send_until(chan, &element, -1), 0, "passed, but there is room");
    check_equal(keel_chan_receive_until(chan, &element, 0), 1, "passed, but there is an element");
    check_equal(keel_chan_send_until(chan, &element, KEEL_FOREVER), 0, "no deadline: sent");
    check_equal(keel_chan_receive_until(chan, &element, KEEL_FOREVER - 1), 1,
                "292 years: received");
    keel_chan_close(chan);
    check_equal(keel_chan_receive_until(chan, &element, 0), 0, "closed, whatever the deadline");
    check_equal(keel_chan_send_until(chan, &element, keel_now() + soon), -EPIPE, "  sending too");
    keel_chan_release(chan, NULL);
}

/*
 * A message comes after the deadline, but before anybody has looked at the clock. Who hands it over
 * has ended the wait: it does not end a second time by the deadline, when the timers are looked at.
 */
static uint32_t is_over; /* atomic */

static void *receive_soon(void *arg)
{
    uint64_t element = 99;
    int result = keel_chan_receive_until(arg, &element, keel_now() + soon);
    return (void *)(intptr_t)(result * 1000 + (int64_t)element);
}

static void *send_soon(void *arg)
{
    uint64_t element = 7;
    return (void *)(intptr_t)keel_chan_send_until(arg, &element, keel_now() + soon);
}

/* Other workers look at the clock too; then the other side has gone, and this one comes instead. */
static bool is_over_later(void)
{
    keel_sleep(soon);
    return atomic_load(&is_over, RELAXED) != 0; /* RELAXED: a flag by itself */
}

static void *receive_instead(void *arg)
{
    uint64_t element = 0;
    while (!is_over_later() && keel_chan_try_receive(arg, &element) != 1)
        continue;
    return (void *)(uintptr_t)element;
}

static void *send_instead(void *arg)
{
    uint64_t element = 8;
    while (!is_over_later()) {
        if (keel_chan_try_send(arg, &element) == 0)
            return arg;
    }
    return NULL;
}

static int64_t result_of(keel_task *task)
{
    void *result = NULL;
    keel_task_await(task, &result);
    return (intptr_t)result;
}

static void let_pass(keel_task **side, void *(*fn)(void *), keel_task **instead,
                     void *(*fn_instead)(void *), keel_chan *chan)
{
    atomic_store(&is_over, 0, RELAXED); /* RELAXED: as above */
    *side = keel_task_create(fn, chan, NULL);
    *instead = keel_task_create(fn_instead, chan, NULL);
    keel_yield();
    int64_t passed_at = keel_now() + 2 * soon;
    while (keel_now() < passed_at)
        arch_pause();
}

static void passes_unseen(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    uint64_t element = 5;
    keel_task *side, *instead;
    let_pass(&side, receive_soon, &instead, receive_instead, chan);
    int moved = keel_chan_send(chan, &element);
    atomic_store(&is_over, 1, RELAXED); /* RELAXED: as above */
    int64_t result = result_of(side);
    check_equal(result, result_of(instead) == 0 ? 1005 : -ETIMEDOUT * 1000 + 99,
                "a deadline passes unseen: who was handed something has received it");
    check(moved == 0 && receivers_waiting(chan) == 0, "  and nobody waits any more");
    let_pass(&side, send_soon, &instead, send_instead, chan);
    moved = keel_chan_receive(chan, &element);
    atomic_store(&is_over, 1, RELAXED); /* RELAXED: as above */
    result = result_of(side);
    bool came_instead = result_of(instead) != 0;
    check(moved == 1 && element == (came_instead ? 8 : 7), "  sending: an element came");
    check_equal(result, came_instead ? -ETIMEDOUT : 0, "  and who sent it, has");
    check_equal(senders_waiting(chan), 0, "  and nobody waits any more");
    keel_chan_release(chan, NULL);
}

/* ---- in time */

static void *receive_in_time(void *arg)
{
    uint64_t element = 99;
    int result = keel_chan_receive_until(arg, &element, keel_now() + meeting_patience);
    return (void *)(intptr_t)(result * 1000 + (int64_t)element);
}

static void *send_in_time(void *arg)
{
    uint64_t element = 6;
    return (void *)(intptr_t)(keel_chan_send_until(arg, &element, keel_now() + meeting_patience));
}

static void in_time(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    uint64_t element = 11;
    void *result = NULL;
    keel_task *task = keel_task_create(receive_in_time, chan, NULL);
    bool waits = until_receivers_wait(chan, 1);
    keel_chan_send(chan, &element);
    keel_task_await(task, &result);
    check(waits && (intptr_t)result == 1011, "a receive that an element ends before its deadline");
    task = keel_task_create(send_in_time, chan, NULL);
    waits = until_senders_wait(chan, 1);
    keel_chan_receive(chan, &element);
    keel_task_await(task, &result);
    check(waits && element == 6 && result == NULL, "a send that a receive ends");
    task = keel_task_create(receive_in_time, chan, NULL);
    waits = until_receivers_wait(chan, 1);
    keel_chan_close(chan);
    keel_task_await(task, &result);
    check(waits && (intptr_t)result == 99, "a receive that a close ends");
    keel_chan_release(chan, NULL);
    chan = keel_chan_create(0, sizeof(uint64_t));
    task = keel_task_create(send_in_time, chan, NULL);
    waits = until_senders_wait(chan, 1);
    keel_chan_close(chan);
    keel_task_await(task, &result);
    check(waits && (intptr_t)result == -EPIPE, "a send that a close ends");
    keel_chan_release(chan, NULL);
}

/* ---- deadlines against sends, receives and close */

enum { racers = 6, race_elements = 40, race_rounds = 400 };

static uint64_t sent, sent_sum, received, received_sum, timed_out; /* atomic */

static int64_t short_deadline(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return keel_now() + (int64_t)(*random >> 33) % 60000 - 2000;
}

static void *send_with_deadlines(void *arg)
{
    uint64_t random = keel_task_id(), first = keel_task_id() * 1000;
    for (uint64_t i = 0; i < race_elements; i++) {
        uint64_t element = first + i;
        int result = keel_chan_send_until(arg, &element, short_deadline(&random));
        if (result == -EPIPE)
            break;
        if (result == 0) {
            atomic_fetch_add(&sent, 1, RELAXED); /* RELAXED: read when all have ended */
            atomic_fetch_add(&sent_sum, element, RELAXED);
        } else {
            atomic_fetch_add(&timed_out, 1, RELAXED);
        }
    }
    return NULL;
}

static void *receive_with_deadlines(void *arg)
{
    uint64_t random = keel_task_id(), element;
    int result;
    while ((result = keel_chan_receive_until(arg, &element, short_deadline(&random))) != 0) {
        if (result == 1) {
            atomic_fetch_add(&received, 1, RELAXED); /* RELAXED: as above */
            atomic_fetch_add(&received_sum, element, RELAXED);
        } else {
            atomic_fetch_add(&timed_out, 1, RELAXED);
        }
    }
    return NULL;
}

static void race(size_t capacity)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    keel_task *senders[racers], *receivers[racers];
    for (size_t i = 0; i < racers; i++) {
        senders[i] = keel_task_create(send_with_deadlines, chan, NULL);
        receivers[i] = keel_task_create(receive_with_deadlines, chan, NULL);
    }
    for (size_t i = 0; i < racers; i++)
        keel_task_await(senders[i], NULL);
    keel_chan_close(chan);
    for (size_t i = 0; i < racers; i++)
        keel_task_await(receivers[i], NULL);
    keel_chan_release(chan, NULL);
}

static void races(void)
{
    for (size_t round = 0; round < race_rounds; round++)
        race(round % 4);
    tap_note("elements sent", (int64_t)sent);
    tap_note("deadlines that came first", (int64_t)timed_out);
    check(sent > race_rounds && timed_out > race_rounds, "sends succeed, and deadlines come");
    check_equal(received, sent, "as many elements are received as were sent");
    check(received_sum == sent_sum, "and they are the same");
}

/*
 * Who closes may release at once, although a waiter's deadline has come just now: the waiter has no
 * reference of its own, and its node may still be listed. The channel's memory is another's soon.
 */
static int64_t common_deadline;

static void *receive_until_then(void *arg)
{
    uint64_t element;
    return (void *)(intptr_t)keel_chan_receive_until(arg, &element, common_deadline);
}

static void *send_until_then(void *arg)
{
    uint64_t element = 1;
    return (void *)(intptr_t)keel_chan_send_until(arg, &element, common_deadline);
}

enum { leavers = 3 };

/* Returns whether all waited when it closed, or had just ceased to. */
static bool close_about_then(keel_chan *chan, bool receivers, int64_t offset)
{
    bool all = false;
    while (!all && keel_now() < common_deadline) {
        all = (receivers ? receivers_waiting(chan) : senders_waiting(chan)) == leavers;
        keel_yield();
    }
    while (keel_now() < common_deadline + offset)
        keel_yield();
    keel_chan_close(chan);
    return all;
}

static void release_against_deadline(void)
{
    enum { rounds = 3000 };
    keel_task *tasks[leavers];
    size_t both = 0, wrong = 0, timed = 0;
    for (size_t round = 0; round < rounds; round++) {
        bool receivers = round % 2 == 0;
        keel_chan *chan = keel_chan_create(40, sizeof(uint64_t)), *other;
        uint64_t element = 0;
        while (!receivers && keel_chan_try_send(chan, &element) == 0)
            continue;
        common_deadline = keel_now() + 200000;
        for (size_t i = 0; i < leavers; i++)
            tasks[i] =
                keel_task_create(receivers ? receive_until_then : send_until_then, chan, NULL);
        bool all = close_about_then(chan, receivers, (int64_t)(round % 31) * 1000 - 15000);
        if (all)
            keel_chan_release(chan, NULL);
        other = keel_chan_create(40, sizeof(uint64_t));
        size_t came = 0;
        for (size_t i = 0; i < leavers; i++) {
            void *result = NULL;
            keel_task_await(tasks[i], &result);
            came += (intptr_t)result == -ETIMEDOUT;
            wrong += (intptr_t)result != -ETIMEDOUT && (intptr_t)result != (receivers ? 0 : -EPIPE);
        }
        timed += came > 0;
        both += came < leavers;
        keel_chan_release(other, NULL);
        if (!all)
            keel_chan_release(chan, NULL);
    }
    tap_note("deadlines that came before the close", (int64_t)timed);
    tap_note("closes that came before the deadline", (int64_t)both);
    check_equal(wrong, 0, "a channel is released just when the deadline of its waiters comes");
}

/*
 * One element, offered just when the deadline of the one who waits for it comes: it is received if
 * it was sent, and not if not. Another task takes turns with this one, so that on one worker too a
 * waiter is found whose deadline has come, and which has not run since.
 */
static void *take_turns(void *arg)
{
    while (!have_arrived(arg, 1))
        keel_yield();
    return NULL;
}

static void offers_against_deadline(void)
{
    enum { rounds = 4000 };
    size_t both = 0, wrong = 0, timed = 0;
    uint32_t stop = 0;
    keel_chan *chan = keel_chan_create(0, sizeof(uint64_t));
    keel_task *turns = keel_task_create(take_turns, &stop, NULL);
    for (size_t round = 0; round < rounds; round++) {
        bool receives = round % 2 == 0;
        uint64_t element = 5;
        void *result = NULL;
        common_deadline = keel_now() + 100000;
        keel_task *task =
            keel_task_create(receives ? receive_until_then : send_until_then, chan, NULL);
        while (keel_now() < common_deadline + (int64_t)(round % 41) * 500 - 5000)
            keel_yield();
        int moved = receives ? keel_chan_try_send(chan, &element) == 0
                             : keel_chan_try_receive(chan, &element) == 1;
        keel_task_await(task, &result);
        bool came = (intptr_t)result == -ETIMEDOUT;
        wrong += came == moved;
        timed += came;
        both += !came;
    }
    arrive(&stop);
    keel_task_await(turns, NULL);
    keel_chan_release(chan, NULL);
    tap_note("offers that came in time", (int64_t)both);
    tap_note("deadlines that came before the offer", (int64_t)timed);
    check_equal(wrong, 0, "an offer just when the deadline comes moves the element, or does not");
}

int main(void)
{
    tries();
    try_meets_waiters();
    passes_unseen();
    comes(0, "a deadline comes: rendezvous");
    comes(2, "a deadline comes: buffered");
    passed();
    in_time();
    races();
    release_against_deadline();
    offers_against_deadline();
    return tap_done();
}
