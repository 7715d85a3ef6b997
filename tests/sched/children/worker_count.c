/*
 * Prints how many workers there may be. The argument "bind" ties the process to its first CPU
 * beforehand.
 */
#include "base/line.h"
#include "keel/task.h"
#include "tests/sched/one_cpu.h"

enum { standard_output = 1 };

static void end_at_once(void *arg)
{
    (void)arg;
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == 'b')
        bind_to_first_cpu();
    unsigned count = keel_worker_count();
    keel_spawn(end_at_once, NULL);
    struct line line;
    line_begin(&line);
    line_text(&line, "workers at most ");
    line_number(&line, count);
    line_text(&line, keel_worker_count() == count ? "" : ", or otherwise");
    line_write(&line, standard_output);
    keel_yield(); /* the task ends, if nobody has begun it */
    return 0;
}
