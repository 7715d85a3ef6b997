/*
 * Threads that the runtime makes: they do what a task may do; a thousand of them come and go, and
 * nothing is left of them; where the kernel makes none, or there is no memory, the caller learns
 * it.
 */
#include <asm/errno.h>

#include "keel.h"
#include "sched/sched.h"
#include "tests/forked.h"
#include "tests/mem/resident.h"
#include "tests/refuse.h"
#include "tests/sched/descriptors.h"
#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { at_once = 20, rounds = 50 };

static uint32_t ended;

/* ---- refused; first, while there is one thread to fork */

static void never(void *arg)
{
    (void)arg;
    process_end(7);
}

static int no_clone(void)
{
    refuse_syscall(__NR_clone, EPERM);
    size_t before = descriptors_in_use();
    bool right = keel_thread_start(never, NULL, 0) == -EAGAIN;
    return right && descriptors_in_use() == before ? 0 : 1;
}

static int no_memory(void)
{
    refuse_syscall(__NR_mmap, ENOMEM);
    return keel_thread_start(never, NULL, 0) == -ENOMEM ? 0 : 1;
}

static int too_large(void)
{
    bool right = keel_thread_start(never, NULL, SIZE_MAX) == -ENOMEM;
    return right && keel_thread_start(never, NULL, (size_t)1 << 60) == -ENOMEM ? 0 : 1;
}

static int filters_work(void)
{
    return refusals_work() ? 0 : 1;
}

static void refused(void)
{
    check_equal(forked_status(too_large), 0, "a stack that no memory holds is refused");
    if (forked_status(filters_work) != 0) {
        skip("refusals", "there are no filters here");
        return;
    }
    check_equal(forked_status(no_clone), 0, "no further thread: -EAGAIN, and nothing is left");
    check_equal(forked_status(no_memory), 0, "no memory: -ENOMEM");
}

/* ---- one */

enum { large = 4 * 1024 * 1024, frame = 2 * 1024 * 1024 };

static bool right_arg, deep;
static uint32_t number;

static __attribute__((noinline)) bool use_stack(void)
{
    volatile unsigned char local[frame];
    for (size_t i = 0; i < sizeof local; i += 4096)
        local[i] = 1;
    return local[0] == 1;
}

static void note(void *arg)
{
    right_arg = arg == &number;
    deep = use_stack();
    arrive(&ended);
}

static void one(void)
{
    check_equal(keel_thread_start(note, &number, large), 0, "a thread is started");
    check(yield_until(&ended, 1), "its function runs");
    check(right_arg, "with its argument");
    check(deep, "on a stack as large as was asked for");
}

/* ---- a thousand */

static uint32_t worked;

static void *give_back(void *arg)
{
    return arg;
}

/* Spawns more than the thread gets descriptors at a time; leaves a block for others to free. */
static void work(void *arg)
{
    unsigned char **block = arg;
    static const intptr_t count = 70;
    intptr_t sum = 0;
    keel_task *created[count];
    for (intptr_t i = 0; i < count; i++)
        created[i] = keel_task_create(give_back, (void *)i, NULL);
    for (intptr_t i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(created[i], &result);
        sum += (intptr_t)result;
    }
    keel_sleep(MILLISECOND / 10);
    *block = keel_alloc(1000);
    (*block)[999] = 1;
    if (sum == count * (count - 1) / 2)
        arrive(&worked);
    arrive(&ended);
}

static bool round_of_threads(void)
{
    unsigned char *blocks[at_once];
    uint32_t started = 0;
    ended = 0;
    for (int i = 0; i < at_once; i++)
        started += keel_thread_start(work, &blocks[i], 0) == 0;
    bool all = started == at_once && yield_until(&ended, at_once);
    for (int i = 0; i < at_once && all; i++)
        keel_free(blocks[i]);
    return all;
}

static long threads_left(long wanted)
{
    int64_t end = keel_now() + meeting_patience;
    while (count_threads() > wanted && keel_now() < end)
        keel_sleep(MILLISECOND);
    return count_threads();
}

/* `threads`: how many there were at the start; under an emulator its own too. */
static void thousand(long threads)
{
    enum { slack = 24, slack_bytes = 64 * 1024 * 1024 };
    bool all = round_of_threads(); /* what is made once is made here */
    threads += (long)keel_worker_count() - 1 + (keel_worker_count() > 1); /* and the maker */
    threads_left(threads);
    int64_t mappings = count_mappings();
    int64_t bytes = statm_read(statm_mapped);
    for (int i = 0; i < rounds && all; i++)
        all = round_of_threads();
    check(all, "a thousand threads come and go");
    check_equal(worked, at_once * (rounds + 1), "each had its tasks' results");
    check_equal(descriptors_left(meeting_patience), 1, "no descriptor is left");
    if (mappings == 0) {
        skip("no thread and no mapping is left", "there is no /proc");
        return;
    }
    check(threads_left(threads) <= threads, "no thread is left");
    tap_note("mappings before", mappings);
    tap_note("mappings after", count_mappings());
    if (is_emulated()) {
        skip("no mapping is left", "an emulator's own count too");
        return;
    }
    check(count_mappings() <= mappings + slack, "no mapping is left");
    check(statm_read(statm_mapped) <= bytes + slack_bytes, "nor part of a larger one");
}

/* ---- counts */

static void counted(void)
{
    keel_sched_stats read = {.size = sizeof read};
    int64_t end = keel_now() + meeting_patience;
    do {
        keel_sched_stats_read(&read);
        keel_sleep(MILLISECOND / 10);
    } while (read.total.spawned != read.total.ended && keel_now() < end);
    check(read.total.spawned >= 70 * at_once * rounds, "what threads spawn is counted");
    check_equal(read.total.spawned - read.total.ended, 0, "and all have ended");
}

int main(void)
{
    long threads = count_threads();
    refused();
    one();
    thousand(threads);
    counted();
    return tap_done();
}
