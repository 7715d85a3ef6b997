/*
 * Threads that the runtime learns of late, or never: whether a deadlock is reported, in the way
 * that the first argument names. What hangs is ended by the test.
 */
#include "abi/time.h"
#include "keel.h"
#include "tests/sched/cloned.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1 };

static keel_chan *chan;
static struct cloned first, second;
static uint32_t go;

/* Outside the runtime: the bare call, not keel_sleep. */
static void rest_outside(int64_t milliseconds)
{
    struct abi_timespec time = {
        .seconds = milliseconds / 1000,
        .nanoseconds = milliseconds % 1000 * MILLISECOND,
    };
    arch_syscall2(__NR_nanosleep, (long)&time, 0);
}

static int receive(void)
{
    uint64_t element = 0;
    return keel_chan_receive(chan, &element) == 1 ? right : wrong;
}

static void attach_and_send(void *arg)
{
    uint64_t element = 1;
    (void)arg;
    rest_outside(300);
    keel_thread_attach();
    keel_chan_send(chan, &element);
    keel_thread_detach();
}

static int receive_from_a_late_one(void)
{
    return cloned_start(&second, attach_and_send, NULL) ? receive() : wrong;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* ---- none may be reported */

static int started_before(void)
{
    keel_thread_start(nothing, NULL, 0);
    rest_outside(50);
    return receive_from_a_late_one();
}

static void attach_when_told(void *arg)
{
    (void)arg;
    while (atomic_load(&go, ACQUIRE) == 0) /* ACQUIRE: with the RELEASE in announced_twice */
        rest_outside(1);
    keel_thread_attach();
    keel_thread_detach();
}

static int announced_twice(void)
{
    keel_threads_announce();
    cloned_start(&first, attach_when_told, NULL);
    rest_outside(20);
    keel_threads_announce();
    atomic_store(&go, 1, RELEASE); /* RELEASE: with the ACQUIRE in attach_when_told */
    cloned_join(&first);
    return receive_from_a_late_one();
}

static void rest(void *arg)
{
    (void)arg;
    rest_outside(5);
}

static int beside_new_workers(void)
{
    for (int i = 0; i < 4; i++)
        keel_spawn(rest, NULL);
    keel_threads_announce();
    keel_sleep(200 * MILLISECOND);
    return receive_from_a_late_one();
}

static int beside_ending_threads(void)
{
    for (int i = 0; i < 8; i++)
        keel_thread_start(nothing, NULL, 0);
    keel_threads_announce();
    rest_outside(200);
    return receive_from_a_late_one();
}

/* The monitor goes by itself when nobody asks any more. */
static int beside_the_monitor(void)
{
    keel_spawn(nothing, NULL);
    for (int i = 0; i < 100; i++) {
        keel_yield();
        if (keel_should_yield())
            keel_yield();
    }
    keel_threads_announce();
    rest_outside(900);
    return receive_from_a_late_one();
}

/* ---- one must be */

static int main_has_let(void)
{
    keel_threads_announce();
    if (keel_thread_hold() != 0)
        return wrong;
    keel_thread_let();
    return receive();
}

/* Longer than the first looks for it. */
static void detach_and_stay(void *arg)
{
    (void)arg;
    keel_thread_attach();
    rest_outside(30);
    keel_thread_detach();
    rest_outside(1100);
}

static int detached_stays(void)
{
    keel_threads_announce();
    return cloned_start(&first, detach_and_stay, NULL) ? receive() : wrong;
}

static void stay(void *arg)
{
    (void)arg;
    rest_outside(200);
}

static int never_attached(void)
{
    keel_threads_announce();
    return cloned_start(&first, stay, NULL) ? receive() : wrong;
}

/* It waits, and is the last to do so. */
static void receive_last(void *arg)
{
    (void)arg;
    rest_outside(30);
    receive();
}

static int never_attached_beside_a_thread(void)
{
    keel_threads_announce();
    if (!cloned_start(&first, stay, NULL))
        return wrong;
    return keel_thread_start(receive_last, NULL, 0) == 0 ? receive() : wrong;
}

/* ---- misuse */

/* Who holds its thread has announced none. */
static int held_before(void)
{
    keel_thread_hold();
    keel_thread_let();
    cloned_start(&second, attach_and_send, NULL);
    rest_outside(meeting_patience / MILLISECOND); /* the process ends meanwhile */
    return wrong;
}

static const struct way ways[] = {
    {"started-before", started_before},
    {"announced-twice", announced_twice},
    {"beside-new-workers", beside_new_workers},
    {"beside-ending-threads", beside_ending_threads},
    {"beside-the-monitor", beside_the_monitor},
    {"main-has-let", main_has_let},
    {"detached-stays", detached_stays},
    {"never-attached", never_attached},
    {"never-attached-beside-a-thread", never_attached_beside_a_thread},
    {"held-before", held_before},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    return GO_THE_WAY(ways, argc, argv);
}
