#include "base/process.h"
#include "keel/task.h"

const char *keel_environment(const char *name)
{
    return process_environment(name);
}
