/*
 * Whoever makes work and then computes on, without any further call, does not keep it from others:
 * a spawned task, a woken one, a yielded one begin elsewhere, when the others have just been busy,
 * when they nap, and when they have slept for long. Nor does who goes on moving elements, and never
 * has to wait.
 */
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { times = 30 };

static uint32_t begun_elsewhere;

/* Where the caller runs; 0 where the kernel does not say. */
static uint32_t this_cpu(void)
{
    uint32_t cpu = 0;
    arch_syscall3(__NR_getcpu, (long)&cpu, 0, 0);
    return cpu;
}

static uint32_t cpu_of_child;

static void begin(void *arg)
{
    (void)arg;
    cpu_of_child = this_cpu();
    arrive(&begun_elsewhere);
}

static keel_chan *chan;

static void *receive_all(void *arg)
{
    uint64_t element;
    while (keel_chan_receive(chan, &element) == 1)
        arrive(&begun_elsewhere);
    return arg;
}

static int64_t longest;

/* Computes until the other has begun. */
static bool compute_until_begun(void)
{
    int64_t began = keel_now();
    bool others = spin_until(&begun_elsewhere, 1);
    if (keel_now() - began > longest)
        longest = keel_now() - began;
    atomic_store(&begun_elsewhere, 0, RELAXED); /* RELAXED: nobody else any more */
    return others;
}

static bool after_a_spawn(void)
{
    keel_spawn(begin, NULL);
    return compute_until_begun();
}

static bool after_a_send(void)
{
    uint64_t element = 1;
    keel_chan_send(chan, &element);
    return compute_until_begun();
}

static void each_time(bool (*go)(void), int64_t pause, int count, const char *what)
{
    bool all = true;
    longest = 0;
    for (int i = 0; i < count && all; i++) {
        all = go();
        if (pause > 0)
            keel_sleep(pause);
    }
    check(all, what);
    tap_note("  nanoseconds at most", longest);
}

/* Longer than naps last: nobody looks by himself any more. */
static const int64_t long_pause = 1200 * MILLISECOND;

static void compute_for(int64_t duration)
{
    for (int64_t end = keel_now() + duration; keel_now() < end;)
        ;
}

static bool after_computing_for_long(void)
{
    compute_for(long_pause);
    return after_a_send();
}

/*
 * How many elements the spawner sends to itself before its child begins, elements_most at most. It
 * reads no clock meanwhile: so it moves between any two looks of a thief.
 */
enum { elements_most = 4000, rounds_wanted = 101, rounds_most = 100000 };

static unsigned moves_until_begun(keel_chan *own)
{
    uint64_t element = 1;
    unsigned moves = 0;
    keel_spawn(begin, NULL);
    for (; moves < elements_most && !have_arrived(&begun_elsewhere, 1); moves++) {
        keel_chan_send(own, &element);
        keel_chan_receive(own, &element);
    }
    bool others = spin_until(&begun_elsewhere, 1);
    atomic_store(&begun_elsewhere, 0, RELAXED); /* RELAXED: nobody else any more */
    return others ? moves : elements_most;
}

/*
 * Most of the time, because the kernel may keep the other worker from its CPU for a while. It may
 * also put both on one CPU; what happens then counts for nothing.
 */
static void beside_moves(void)
{
    keel_chan *own = keel_chan_create(1, sizeof(uint64_t));
    unsigned soon = 0, rounds = 0;
    for (unsigned i = 0; i < rounds_most && rounds < rounds_wanted; i++) {
        uint32_t cpu = this_cpu();
        unsigned moves = moves_until_begun(own);
        bool counts = cpu_of_child != cpu && this_cpu() == cpu;
        rounds += counts;
        soon += counts && moves < elements_most;
    }
    check(soon >= rounds / 2, "a spawned task, whose spawner goes on moving elements");
    tap_note("  times that it began soon", soon);
    tap_note("  of", rounds);
    keel_chan_release(own, NULL);
}

int main(void)
{
    if (keel_worker_count() == 1) {
        skip("work begins elsewhere", "there is one worker");
        return tap_done();
    }
    chan = keel_chan_create(0, sizeof(uint64_t));
    keel_task *receiver = keel_task_create(receive_all, NULL, NULL);
    each_time(after_a_spawn, 0, times, "a spawned task, one after the other");
    each_time(after_a_send, 0, times, "a woken task, one after the other");
    beside_moves();
    each_time(after_a_spawn, 5 * MILLISECOND, times, "a spawned task, when all have slept a while");
    each_time(after_a_send, 5 * MILLISECOND, times, "a woken task, when all have slept a while");
    each_time(after_a_send, long_pause, 2, "a woken task, when all have slept for long");
    each_time(after_computing_for_long, 0, 2, "a woken task, when one alone has run for long");
    keel_chan_close(chan);
    keel_task_await(receiver, NULL);
    keel_chan_release(chan, NULL);
    return tap_done();
}
