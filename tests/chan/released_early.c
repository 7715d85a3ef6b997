/*
 * A channel may be released, and its memory used for something else, as soon as the effect of the
 * other side's call is seen, even while that call has not returned.
 *
 * Seldom does anything come between the effect and the return. So each case runs in two ways: as
 * fast as it can; and with all workers on one CPU, where the thread of the other side gives way to
 * every other one: so the worker that its call wakes runs before the call goes on.
 */
#include <linux/sched.h>

#include "abi/time.h"
#include "keel/mem.h"
#include "tests/chan/waiting.h"
#include "tests/sched/one_cpu.h"

enum { fill_byte = 0xa5, fast_rounds = 5000, interrupted_rounds = 200 };

static bool interrupted; /* the second way */

/* Releases the last reference and takes the memory for something else. */
static unsigned char *release_and_reuse(keel_chan *chan)
{
    size_t size = keel_usable_size(chan);
    keel_chan_release(chan, NULL);
    unsigned char *memory = keel_alloc(size);
    for (size_t i = 0; i < size; i++)
        memory[i] = fill_byte;
    return memory;
}

/* Whether nobody wrote to the memory; frees it. */
static bool untouched(unsigned char *memory)
{
    size_t size = keel_usable_size(memory), wrong = 0;
    for (size_t i = 0; i < size; i++)
        wrong += memory[i] != fill_byte;
    keel_free(memory);
    return wrong == 0;
}

/* ---- the other side */

static int send_word(keel_chan *chan)
{
    uint64_t word = 3;
    return keel_chan_send(chan, &word);
}

static int receive_word(keel_chan *chan)
{
    uint64_t word;
    return keel_chan_receive(chan, &word) - 1;
}

static int close_it(keel_chan *chan)
{
    keel_chan_close(chan);
    return 0;
}

static int drop_it(keel_chan *chan)
{
    keel_chan_drop_sender(chan);
    return 0;
}

struct side {
    keel_chan *chan;
    int (*call)(keel_chan *chan); /* returns 0 */
    uint32_t begun;
};

/* Whether the calling thread gives way to every other one. (Where it may not, the test is weaker.)
 */
static void give_way(bool always)
{
    int priority = 0;
    arch_syscall3(__NR_sched_setscheduler, 0, always ? SCHED_IDLE : SCHED_NORMAL, (long)&priority);
}

/* Waits until main waits too and its worker sleeps. Blocks the thread, so that it is not this
 * task's. */
static void wait_for_main(struct side *side)
{
    struct abi_timespec moment = {.nanoseconds = MILLISECOND / 10};
    arrive(&side->begun);
    while (senders_waiting(side->chan) + receivers_waiting(side->chan) == 0)
        arch_syscall0(__NR_sched_yield);
    arch_syscall2(__NR_nanosleep, (long)&moment, 0);
}

static void *other_side(void *arg)
{
    struct side *side = arg;
    if (interrupted) {
        wait_for_main(side);
        give_way(true);
    }
    int result = side->call(side->chan);
    if (interrupted)
        give_way(false);
    return (void *)(intptr_t)result;
}

/* ---- main's side */

static void check_early(int (*call)(keel_chan *chan), size_t capacity, const char *what)
{
    size_t wrong = 0;
    int rounds = interrupted ? interrupted_rounds : fast_rounds;
    for (int round = 0; round < rounds && wrong == 0; round++) {
        struct side side = {.chan = keel_chan_create(capacity, sizeof(uint64_t)), .call = call};
        keel_task *task = keel_task_create(other_side, &side, NULL);
        if (interrupted)
            spin_until(&side.begun, 1); /* on another worker, then */
        else if (round % 3 == 1)
            keel_yield();
        uint64_t word = 3;
        if (call == receive_word)
            keel_chan_send(side.chan, &word);
        else
            keel_chan_receive(side.chan, &word);
        unsigned char *memory = release_and_reuse(side.chan);
        void *result = (void *)-1;
        keel_task_await(task, &result);
        wrong += result != NULL || !untouched(memory);
    }
    check_equal(wrong, 0, what);
}

static void check_all(void)
{
    check_early(send_word, 0, "who received may release: rendezvous");
    check_early(send_word, 1, "who received may release: capacity 1");
    check_early(receive_word, 0, "who sent to a rendezvous may release");
    check_early(close_it, 0, "who saw the end may release before the close returns");
    check_early(drop_it, 2, "who saw the end may release before the last drop returns");
}

/* ---- all workers on one CPU */

static uint32_t bound;

static void *bind_and_wait(void *arg)
{
    bind_to_first_cpu();
    arrive(&bound);
    spin_until(&bound, keel_worker_count());
    return arg;
}

/* One by one, each on a worker of its own; main's is the last. */
static void bind_all(void)
{
    for (uint32_t i = 1; i < keel_worker_count(); i++) {
        keel_task_detach(keel_task_create(bind_and_wait, NULL, NULL));
        spin_until(&bound, i);
    }
    bind_and_wait(NULL);
}

int main(void)
{
    /* The first channels are no blocks of the heap. These are kept, so that the others are. */
    for (int i = 0; i < chan_first_most; i++)
        keel_chan_create(0, 1);
    check_all();
    if (keel_worker_count() < 2) {
        skip("the same with calls that are interrupted", "needs two workers");
        return tap_done();
    }
    bind_all();
    interrupted = true;
    check_all();
    return tap_done();
}
