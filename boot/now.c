#include "base/clock.h"
#include "keel/task.h"

int64_t keel_now(void)
{
    return clock_now();
}
