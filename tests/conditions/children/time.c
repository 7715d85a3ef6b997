/* Sleeps for a moment, on a machine without a vDSO: the time is asked of the kernel. */
#include <linux/auxvec.h>

#include "base/line.h"
#include "base/process.h"
#include "tests/sched/meeting.h"

int main(void)
{
    static const struct auxiliary_entry nothing[] = {{.type = AT_NULL, .value = 0}};
    process.auxiliary = nothing;
    int64_t before = keel_now();
    keel_sleep(MILLISECOND);
    struct line line;
    line_begin(&line);
    line_text(&line, keel_now() - before >= MILLISECOND ? "slept" : "did not sleep");
    line_write(&line, 1);
    return 0;
}
