/* What a program asks about its process. Apart from exit.c: a program that asks nothing has none.
 */
#include "base/clock.h"
#include "base/process.h"
#include "keel/task.h"

const char *keel_environment(const char *name)
{
    return process_environment(name);
}

char **keel_arguments(int *count)
{
    if (count != NULL)
        *count = process.argument_count;
    return process.arguments;
}

int64_t keel_now(void)
{
    return clock_now();
}
