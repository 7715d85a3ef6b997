/*
 * How a program ends while tasks of it are shelved; the first argument says how: "deadlock",
 * "exit", "exit-meanwhile" (some are being shelved, some come back), "refused" (no guard can be had
 * any more for who comes back), "census" (with KEEL_STACKS=1).
 */
#include <linux/mman.h>

#include "keel/chan.h"
#include "tests/chan/shelved.h"
#include "tests/mem/has_slots.h"
#include "tests/refuse.h"
#include "tests/sched/ways.h"

enum { tasks_most = 300, status_asked = 7, status_wrong = 1, status_skipped = 77 };

static keel_task *tasks[tasks_most];
static keel_chan *chan;

static __attribute__((noinline)) void receive_with_pattern(uint64_t *word)
{
    volatile struct pattern pattern;
    pattern_fill(&pattern, *word);
    keel_chan_receive(chan, word);
    pattern_is_whole(&pattern, *word);
}

static void *receive(void *arg)
{
    for (;;) {
        uint64_t word = 1;
        receive_with_pattern(&word);
        if (word == 0)
            return arg;
    }
}

static void start(unsigned count)
{
    sched_shelve_beyond = 0;
    for (volatile unsigned i = 0; i < count; i++)
        tasks[i] = create_shelved(receive, NULL);
}

static int deadlock(void)
{
    enum { count = 10 };
    uint64_t word;
    start(count);
    if (!until_shelved(tasks, count))
        return status_wrong;
    keel_chan_receive(chan, &word);
    return status_wrong;
}

static int exit_shelved(void)
{
    start(tasks_most);
    if (!until_shelved(tasks, tasks_most))
        return status_wrong;
    keel_exit(status_asked);
}

static int exit_meanwhile(void)
{
    start(tasks_most);
    for (uint64_t i = 0; i < 2000; i++) {
        uint64_t word = i + 1;
        keel_chan_send(chan, &word);
    }
    keel_exit(status_asked);
}

static int refused(void)
{
    if (!has_slots())
        return status_skipped;
    start(tasks_most);
    if (!until_shelved(tasks, tasks_most))
        return status_wrong;
    if (!refuse_slots(EPERM) || !refuse_syscall(__NR_mprotect, EPERM) ||
        !refuse_syscall_when(__NR_mmap, 2, PROT_NONE, ENOMEM))
        return status_skipped;
    for (unsigned i = 0; i < tasks_most; i++) {
        uint64_t word = 0;
        keel_chan_send(chan, &word);
    }
    for (unsigned i = 0; i < tasks_most; i++)
        keel_task_await(tasks[i], NULL);
    return status_asked;
}

static int census(void)
{
    enum { count = 20 };
    uint64_t word = 0;
    start(count);
    for (unsigned i = 0; i < 50; i++)
        keel_sleep(MILLISECOND);
    for (unsigned i = 0; i < count; i++) {
        if (is_shelved(tasks[i]))
            return status_wrong;
    }
    for (unsigned i = 0; i < count / 2; i++)
        keel_chan_send(chan, &word);
    for (unsigned i = 0; i < 50; i++)
        keel_sleep(MILLISECOND);
    return 0;
}

static const struct way ways[] = {
    {"deadlock", deadlock}, {"exit", exit_shelved}, {"exit-meanwhile", exit_meanwhile},
    {"refused", refused},   {"census", census},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    return GO_THE_WAY(ways, argc, argv);
}
