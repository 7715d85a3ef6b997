/*
 * keel_threads_announce, and what it brings: threads of which the runtime does not know yet.
 *
 * A thread that the program has cloned counts from its attach on. Until then whoever waits for it
 * seems to wait for nobody; so before a deadlock is reported the kernel is asked how many threads
 * the process has, and if there are more than the runtime knows, one of them may be on its way. The
 * others sleep on. While it is there and does not attach nothing is reported: better none than a
 * false one.
 *
 *     1. The number of threads that ever came, E, is noted.
 *     2. The kernel is asked. More than are known: they may be about to attach, or to end.
 *     3. With idle_lock held: nobody is left (idle.c), nothing is left to do, and E is what it was.
 * If it is not so, who asked sleeps, as it would without deadline, but for a while only; then it
 * asks again, after a millisecond, two, four, up to a second. So a process that is stuck beside a
 * thread that is not attached asks once a second; nobody else could tell it that the thread ended.
 * Who comes after 1 is found by E. Who was there at 1 and is not known is found by 2. Nobody else
 * can make a thread between 2 and 3: all who are known are asleep, and only who comes wakes one.
 *
 * Known are the workers' threads, those of foreign.c's list, and others of ours, which are counted
 * (sched_threads_besides) after they come and before they go: so no more are known than there are.
 *
 * An emulator has threads of its own. What is there when threads are announced is taken for these,
 * but only while the process is alone: a thread of ours that has not begun, or is about to end,
 * would for ever hide one of the program's. Else none is: then under an emulator no deadlock is
 * reported.
 */
#include "base/clock.h"
#include "base/deep.h"
#include "base/file.h"
#include "base/process.h"
#include "sched/foreign_thread.h"

static uint32_t others; /* atomic; an emulator's threads */

/* The number behind the label, which begins a line; in pieces, as they come. */
struct reader {
    unsigned matched; /* characters of the label */
    bool ended;
    uint32_t count;
};

static void read_character(struct reader *reader, char character)
{
    static const char label[] = "\nThreads:";
    enum { label_len = sizeof label - 1 };
    if (reader->matched < label_len)
        reader->matched =
            character == label[reader->matched] ? reader->matched + 1 : character == label[0];
    else if (character >= '0' && character <= '9')
        reader->count = reader->count * 10 + (uint32_t)(character - '0');
    else
        reader->ended |= character == '\n';
}

/*
 * Of the process, or 0: the kernel does not say. (A line before it has all groups of the
 * user, which may be many; /proc/self/stat, which is short, an emulator makes up.)
 */
static uint32_t count_threads(void)
{
    struct reader reader = {0};
    char text[512];
    long len;
    int file = file_open("/proc/self/status");
    if (file < 0)
        return 0;
    while (!reader.ended && (len = file_read(file, text, sizeof text)) > 0) {
        for (long i = 0; i < len && !reader.ended; i++)
            read_character(&reader, text[i]);
    }
    file_close(file);
    return reader.ended ? reader.count : 0;
}

/* A worker that may retire counts as gone. */
static uint32_t count_known(uint32_t *entered)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    uint32_t workers = atomic_load(&sched.worker_count, ACQUIRE);
    uint32_t known = foreign_count(entered);
    known += atomic_load(&sched_threads_besides, RELAXED); /* RELAXED: asked again */
    for (uint32_t i = 0; i < workers; i++)
        known += !sched_worker_must_retire(sched.workers[i]);
    return known;
}

/* Step 3. */
static bool is_dead(uint32_t entered_before)
{
    uint32_t entered;
    foreign_count(&entered);
    lock_acquire(&sched.idle_lock);
    bool dead = sched_idle_is_over() && !sched_any_work(true);
    lock_release(&sched.idle_lock);
    return dead && entered == entered_before;
}

/* Until the next look: a millisecond after one has come, then longer and longer. */
static int64_t pause_after(uint32_t entered)
{
    enum { millisecond = 1000 * 1000, doublings_most = 10 };
    static uint32_t entered_last, doublings;
    /* RELAXED, all: how long a pause is changes nothing else. */
    uint32_t count = atomic_load(&doublings, RELAXED);
    if (atomic_load(&entered_last, RELAXED) != entered)
        count = 0;
    atomic_store(&entered_last, entered, RELAXED);
    atomic_store(&doublings, count + (count < doublings_most), RELAXED);
    return (int64_t)millisecond << count;
}

static int64_t look(void)
{
    uint32_t entered;
    /* RELAXED: published with this function. */
    uint32_t known = count_known(&entered) + atomic_load(&others, RELAXED);
    uint32_t count = count_threads();
    if (count == 0)
        return CLOCK_FOREVER;
    if (count <= known && is_dead(entered))
        return 0;
    return clock_after(pause_after(entered));
}

/*
 * For the only thread that runs code of ours. One that has just ended may still be there: so it
 * looks twice.
 */
static uint32_t count_others(void)
{
    uint32_t count = count_threads();
    if (count > 1) {
        process_rest();
        uint32_t again = count_threads();
        count = again < count ? again : count;
    }
    return count > 1 ? count - 1 : 0;
}

/* Two at a time do no harm: then neither was alone. */
static void announce(void *unused)
{
    uint32_t entered;
    (void)unused;
    /* RELAXED: a side thread is none that this one has not made. */
    bool alone = process_is_alone() && atomic_load(&sched_threads_besides, RELAXED) == 0 &&
                 foreign_count(&entered) == 0 && entered == 0;
    if (foreign_is_expected())
        return;
    /* Before the maker is there (maker.c). RELAXED: published by the look. */
    atomic_store(&others, alone ? count_others() : 0, RELAXED);
    foreign_announce();
    foreign_expect(look);
}

int keel_threads_announce(void)
{
    deep_hook_call(announce, NULL);
    return 0;
}
