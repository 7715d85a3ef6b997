/*
 * keel_threads_announce, and what it brings: threads of which the runtime does not know yet.
 *
 * A thread that the program has cloned counts from its attach on. Until then whoever waits for it
 * seems to wait for nobody; so before a deadlock is reported the kernel is asked how many threads
 * the process has, and if there are more than the runtime knows, one of them may be on its way. The
 * others sleep on; when that one has attached, and waits or is detached, the question comes anew.
 * If it never attaches nothing is reported: better none than a false one.
 *
 *     1. The number of threads that ever came, E, is noted.
 *     2. The kernel is asked. More than are known: some may be about to end, so it is asked again,
 *        for a second; then that is so.
 *     3. With idle_lock held: nobody is left (idle.c), nothing is left to do, and E is what it was.
 * Who comes after 1 is found by E. Who was there at 1 and is not known is found by 2. Nobody else
 * can make a thread between 2 and 3: all who are known are asleep, and only who comes wakes one.
 *
 * Known are the workers' threads, those of foreign.c's list, and others of ours, which are counted
 * (sched_threads_besides) after they come and before they go: so no more are known than there are.
 * An emulator's own are there when threads are announced.
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "sched/foreign_thread.h"

static uint32_t others; /* atomic; threads that were there when threads were announced */

/* Of the process, or 0: the kernel does not say. */
static uint32_t count_threads(void)
{
    static const char label[] = "\nThreads:";
    enum { label_len = sizeof label - 1 };
    char text[2048];
    uint32_t count = 0;
    if (!file_read_text("/proc/self/status", text, sizeof text))
        return 0;
    const char *at = text, *end = text + strlen(text);
    while (end - at > label_len && memcmp(at, label, label_len) != 0)
        at++;
    if (end - at <= label_len)
        return 0;
    for (at += label_len; *at == '\t' || *at == ' '; at++)
        ;
    for (; *at >= '0' && *at <= '9'; at++)
        count = count * 10 + (uint32_t)(*at - '0');
    return count;
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

static bool all_are_known(void)
{
    enum { looks = 1000 }; /* a millisecond apart */
    uint32_t entered;
    count_known(&entered);
    for (int i = 0; i < looks; i++) {
        uint32_t now;
        /* RELAXED: published with this function. */
        uint32_t known = count_known(&now) + atomic_load(&others, RELAXED);
        uint32_t count = count_threads();
        if (count == 0 || now != entered)
            return false;
        if (count <= known)
            return is_dead(entered);
        process_rest();
    }
    return false;
}

int keel_threads_announce(void)
{
    uint32_t entered;
    foreign_announce();
    uint32_t count = count_threads(), known = count_known(&entered);
    /* RELAXED: published by the next. */
    atomic_store(&others, count > known ? count - known : 0, RELAXED);
    foreign_expect(all_are_known);
    return 0;
}
