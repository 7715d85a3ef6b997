/*
 * The first argument says what to do:
 *   root FOLDER  prints the quota that is found below the folder
 *   count        prints how many workers there may be, at once
 *   late         lets a second worker come and run a task first; when it has found nothing more to
 *                do, prints how many threads are left
 *
 *   busy         the same while main does not wait
 *
 * The others let the second worker be the only one awake when it is to retire, main's asleep:
 *
 *   dead         nothing can wake main
 *
 *   timer        its task sleeps: main's worker must wake it
 *
 *   memory       what its task allocated is freed after it has gone
 *
 *   kept         it has stacks and descriptors for later: all are there for main
 */
#include "sched/quota.h"
#include "base/memory.h"
#include "keel/mem.h"
#include "tests/mem/resident.h"
#include "tests/sched/sleeping.h"
#include "tests/sched/threads.h"

enum { standard_output = 1, tasks = 100 };

static int print(const char *what, uint64_t number)
{
    struct line line;
    line_begin(&line);
    line_text(&line, what);
    line_text(&line, " ");
    line_number(&line, number);
    line_write(&line, standard_output);
    return 0;
}

static uint32_t begun, ended;

static void count_up(void *arg)
{
    (void)arg;
    arrive(&begun);
    keel_yield();
    arrive(&ended);
}

static void *meet(void *arg)
{
    (void)arg;
    arrive(&begun);
    return (void *)(uintptr_t)spin_until(&begun, 2);
}

/* A task and main must run at the same time for it. main stays on the first worker. */
static bool second_worker_came(void)
{
    begun = 0;
    keel_task_detach(keel_task_create(meet, NULL, NULL));
    arrive(&begun);
    return spin_until(&begun, 2);
}

static bool is_alone(void)
{
    return count_threads() == 1;
}

/* ---- main's worker sleeps, and the task's is the last */

enum { blocks = 50000, block_size = 1000 };

static void *memory[blocks];

static uint32_t elsewhere; /* the task has begun, while main kept its worker */

static void wait_until_main_sleeps(void)
{
    arrive(&elsewhere);
    wait_until_another_sleeps_on();
}

static void *end_alone(void *arg)
{
    (void)arg;
    wait_until_main_sleeps();
    return NULL;
}

static void *sleep_alone(void *arg)
{
    (void)arg;
    wait_until_main_sleeps();
    keel_sleep(20 * MILLISECOND);
    return NULL;
}

static void *allocate_alone(void *arg)
{
    (void)arg;
    for (int i = 0; i < blocks; i++)
        memory[i] = memset(keel_alloc(block_size), 1, block_size);
    return end_alone(NULL);
}

/* Does not give up the worker until the other one has taken the task. */
static keel_task *start_elsewhere(void *(*fn)(void *))
{
    keel_task *task = keel_task_create(fn, NULL, NULL);
    spin_until(&elsewhere, 1);
    return task;
}

static int dead(void)
{
    keel_task_detach(start_elsewhere(end_alone));
    keel_sleep_until(KEEL_FOREVER);
    return 1;
}

static int timer(void)
{
    keel_task_await(start_elsewhere(sleep_alone), NULL);
    /* The thread that ends may be slow. */
    int64_t end = keel_now() + meeting_patience;
    while (!is_alone() && keel_now() < end)
        keel_sleep(10 * MILLISECOND);
    return print("threads", (uint64_t)count_threads());
}

static int memory_left(void)
{
    keel_task_await(start_elsewhere(allocate_alone), NULL);
    int64_t end = keel_now() + meeting_patience;
    while (!is_alone() && keel_now() < end)
        keel_sleep(MILLISECOND);
    int64_t full = statm_read(statm_resident);
    for (int i = 0; i < blocks; i++)
        keel_free(memory[i]);
    int64_t back;
    end = keel_now() + meeting_patience;
    do {
        keel_sleep(MILLISECOND);
        back = full - statm_read(statm_resident);
    } while (back < (int64_t)31 << 20 && keel_now() < end);
    print("threads", (uint64_t)count_threads());
    return print("MiB given back", back > 0 ? (uint64_t)back >> 20 : 0);
}

static uint32_t meeting;

static void *wait_for_the_last(void *arg)
{
    enum { stacks = 8 };
    (void)arg;
    for (arrive(&meeting); !have_arrived(&meeting, stacks);)
        keel_yield();
    return NULL;
}

/* The second worker takes stacks and a slab of descriptors for its tasks, and keeps them. */
static void *spawn_alone(void *arg)
{
    keel_task *children[8];
    wait_until_main_sleeps();
    for (int i = 0; i < 8; i++)
        children[i] = keel_task_create(wait_for_the_last, NULL, NULL);
    for (int i = 0; i < 8; i++)
        keel_task_await(children[i], NULL);
    return arg;
}

/* Whether every stack that is mapped can be had, but for those that main's worker keeps. */
static bool all_stacks_are_free(void)
{
    size_t mapped = mem_stack_count();
    for (size_t i = sched_worker()->stack_count; i < mapped; i++)
        mem_stack_acquire();
    return mem_stack_count() == mapped;
}

/* Descriptors that are there, until new ones must be mapped. */
static uint64_t count_descriptors(void)
{
    uint64_t count = 0;
    int64_t mapped = statm_read(statm_mapped);
    while (statm_read(statm_mapped) == mapped && sched_task_make(NULL) != NULL)
        count++;
    return count;
}

static int kept(void)
{
    keel_task_await(start_elsewhere(spawn_alone), NULL);
    int64_t end = keel_now() + meeting_patience;
    while (!is_alone() && keel_now() < end)
        keel_sleep(MILLISECOND);
    print("threads", (uint64_t)count_threads());
    print("stacks free", all_stacks_are_free());
    return print("descriptors", count_descriptors());
}

static int late(bool busy)
{
    int64_t end = keel_now() + meeting_patience;
    if (!second_worker_came())
        return print("no second worker came", 0);
    while (!is_alone() && keel_now() < end) {
        if (!busy)
            keel_sleep(MILLISECOND);
    }
    for (int i = 0; i < tasks; i++)
        keel_spawn(count_up, NULL);
    begun = ended = 0;
    yield_until(&ended, tasks);
    keel_sleep(MILLISECOND);
    print("ended", ended);
    print("threads", (uint64_t)count_threads());
    return print("workers", keel_worker_count());
}

int main(int argc, char **argv)
{
    switch (argc > 1 ? argv[1][0] : '\0') {
    case 'r':
        return print("quota", sched_quota_read(argc > 2 ? argv[2] : ""));
    case 'c':
        return print("workers", keel_worker_count());
    case 'l':
        return late(false);
    case 'b':
        return late(true);
    case 'd':
        return dead();
    case 't':
        return timer();
    case 'm':
        return memory_left();
    case 'k':
        return kept();
    default:
        return 1;
    }
}
