/*
 * Prints how many workers there may be, and at most how many ever were there while ten tasks for
 * each of them yielded. The argument "bind" ties the process to its first CPU beforehand.
 */
#include "sched/sched.h"

#include <asm/unistd.h>

#include "base/line.h"

enum { standard_output = 1, tasks_for_each = 10, mask_words = 128 };

static void bind_to_first_cpu(void)
{
    uint64_t mask[mask_words] = {0};
    long bytes = arch_syscall3(__NR_sched_getaffinity, 0, sizeof mask, (long)mask);
    bool found = false;
    for (long i = 0; i < bytes / 8; i++) {
        mask[i] = found ? 0 : mask[i] & -mask[i];
        found |= mask[i] != 0;
    }
    arch_syscall3(__NR_sched_setaffinity, 0, bytes, (long)mask);
}

static void *yield_often(void *arg)
{
    for (int i = 0; i < 100; i++)
        keel_yield();
    return arg;
}

int main(int argc, char **argv)
{
    static keel_task *tasks[sched_worker_most * tasks_for_each];
    if (argc > 1 && argv[1][0] == 'b')
        bind_to_first_cpu();
    unsigned count = keel_worker_count();
    for (unsigned i = 0; i < count * tasks_for_each; i++)
        tasks[i] = keel_task_create(yield_often, NULL, NULL);
    for (unsigned i = 0; i < count * tasks_for_each; i++)
        keel_task_await(tasks[i], NULL);
    struct line line;
    line_begin(&line);
    line_text(&line, "workers at most ");
    line_number(&line, count);
    line_text(&line, sched.worker_count <= count ? ", kept" : ", exceeded");
    line_write(&line, standard_output);
    return 0;
}
