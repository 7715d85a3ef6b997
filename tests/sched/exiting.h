/* What the programs share that end in many ways: exit functions, and tasks that exit. */
#ifndef KEEL_TESTS_EXITING_H
#define KEEL_TESTS_EXITING_H

#include "base/line.h"
#include "keel/task.h"

enum { standard_output = 1, main_status = 3, task_status = 9, task_count = 100 };

static inline void print(const char *text)
{
    struct line line;
    line_begin(&line);
    line_text(&line, text);
    line_write(&line, standard_output);
}

static inline void first(void)
{
    print("first");
}

static inline void second(void)
{
    print("second");
}

static inline void exit_from_task(void *status)
{
    keel_exit((int)(intptr_t)status);
}

/* Parks main for good: a task ends the process. */
static inline int wait_for_ever(void)
{
    keel_sleep(KEEL_FOREVER);
    return main_status;
}

static inline void exit_again(void)
{
    print("exits again");
    keel_exit(task_status);
}

static inline void spawn_for_ever(void *arg)
{
    keel_spawn(spawn_for_ever, arg);
}

#endif
