/*
 * A call that ends takes the worker of a thread that sleeps: what that one looked after is looked
 * after still.
 */
#include "base/panic.h"
#include "keel/chan.h"
#include "keel/mem.h"
#include "sched/blocking.h"
#include "tests/mem/resident.h"
#include "tests/sched/meeting.h"

enum { MiB = 1024 * 1024, blocks_count = 64 * MiB / 16384, block_size = 16384 };

static int32_t ends[2];
static uint32_t arrived; /* atomic */
static bool has_spare;

static void read_byte(void)
{
    char byte;
    keel_blocking_begin();
    arch_syscall3(__NR_read, ends[0], (long)&byte, 1);
    keel_blocking_end();
    const struct sched_worker *worker = sched_worker();
    has_spare = worker->stacks != NULL || worker->stack_promise != 0;
}

static void feed(void)
{
    arch_syscall3(__NR_write, ends[1], (long)"x", 1);
}

/* Keeps the worker until all have arrived. */
static void *read_and_stay(void *count)
{
    read_byte();
    bool all = spin_until(&arrived, (uint32_t)(uintptr_t)count);
    return all ? count : NULL;
}

static void feed_later(void *arg)
{
    (void)arg;
    keel_sleep(5 * MILLISECOND);
    feed();
}

/* ---- its spare stack */

/* All others sleep when the call ends. */
static void feed_from_outside(void)
{
    long child = arch_syscall0(__NR_fork);
    if (child == 0) {
        struct {
            int64_t seconds, nanoseconds;
        } time = {.nanoseconds = 20 * MILLISECOND};
        arch_syscall2(__NR_nanosleep, (long)&time, 0);
        feed();
        arch_syscall1(__NR_exit_group, 0);
    }
}

static void test_spare_stack(void)
{
    keel_spawn(feed_later, NULL);
    read_byte();
    check(has_spare, "who came back has a spare stack");
    feed_from_outside();
    read_byte();
    check(has_spare, "also when all others sleep");
    arch_syscall4(__NR_wait4, -1, 0, 0, 0);
}

/* ---- its heap */

static char *blocks[blocks_count];

static void fill(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < blocks_count; i++) {
        blocks[i] = keel_alloc(block_size);
        for (unsigned at = 0; at < block_size; at += arch_page_size)
            blocks[i][at] = 1;
    }
    arrive(&arrived);
    keel_sleep(5 * MILLISECOND);
    feed();
}

/* Another task fills a heap on the thread to which main's worker is lent; then main takes it back.
 */
static void test_heap(void)
{
    int64_t before = statm_read(statm_resident);
    arrived = 0;
    keel_spawn(fill, NULL);
    read_byte();
    check(have_arrived(&arrived, 1), "a task allocates beside a call");
    int64_t filled = statm_read(statm_resident);
    for (unsigned i = 0; i < blocks_count; i++)
        keel_free(blocks[i]);
    int64_t end = keel_now() + meeting_patience;
    int64_t left;
    do {
        keel_sleep(150 * MILLISECOND);
        left = statm_read(statm_resident);
    } while (left - before >= (filled - before) / 2 && keel_now() < end);
    tap_note("MiB filled", (filled - before) / MiB);
    tap_note("MiB left", (left - before) / MiB);
    check(left - before < (filled - before) / 2, "what it allocated goes back when it is freed");
}

/* ---- its nap */

static void *receive_and_arrive(void *chan)
{
    char byte;
    keel_chan_receive(chan, &byte);
    arrive(&arrived);
    return NULL;
}

static void busy(void *milliseconds)
{
    int64_t end = keel_now() + (intptr_t)milliseconds * MILLISECOND;
    while (keel_now() < end)
        arch_pause();
}

static void nothing(void *arg)
{
    (void)arg;
}

static void make_workers(uint32_t wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (sched.worker_count < wanted && keel_now() < end) {
        keel_spawn(busy, (void *)20);
        keel_yield();
    }
    keel_sleep(50 * MILLISECOND);
}

static uint32_t naps; /* rounds in which somebody napped and others slept */

/*
 * Main puts the receiver into its slot while somebody naps, and computes; the reader comes back,
 * takes the napper's worker as a rule, and computes too. Who sleeps on must be woken.
 */
static bool nap_is_taken(void)
{
    void *in_time = NULL;
    arrived = 0;
    keel_chan *chan = keel_chan_create(0, 1);
    keel_task *reader = keel_task_create(read_and_stay, (void *)1, NULL);
    keel_task *receiver = keel_task_create(receive_and_arrive, chan, NULL);
    keel_sleep(10 * MILLISECOND);
    keel_spawn(nothing, NULL);
    busy((void *)5); /* meanwhile the others fall asleep, and one naps */
    /* RELAXED: for the note. */
    naps +=
        atomic_load(&sched.napping, RELAXED) != 0 && atomic_load(&sched.idle_count, RELAXED) > 1;
    atomic_store(&sched_worker()->keeps_tasks, false, RELAXED); /* RELAXED: our own */
    keel_chan_send(chan, "x");
    feed();
    bool received = spin_until(&arrived, 1);
    keel_task_await(reader, &in_time);
    keel_task_await(receiver, NULL);
    keel_chan_close(chan);
    keel_chan_release(chan, NULL);
    return received && in_time != NULL;
}

static void test_nap(void)
{
    enum { workers = 4, rounds = 20 };
    make_workers(workers);
    check_equal(sched.worker_count, workers, "there are workers to sleep");
    bool all = true;
    for (unsigned i = 0; i < rounds && all; i++)
        all = nap_is_taken();
    tap_note("rounds beside a nap", naps);
    check(all, "a task in a slot is found though the napper's worker was taken");
}

int main(void)
{
    long result = arch_syscall2(__NR_pipe2, (long)ends, 0);
    keel_assert(result == 0);
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: nobody else is there yet */
    test_spare_stack();
    test_heap();
    atomic_store(&sched.worker_limit, 4, RELAXED); /* RELAXED: looked at anew by each spawn */
    test_nap();
    return tap_done();
}
