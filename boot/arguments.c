#include "base/process.h"
#include "keel/task.h"

char **keel_arguments(int *count)
{
    if (count != NULL)
        *count = process.argument_count;
    return process.arguments;
}
