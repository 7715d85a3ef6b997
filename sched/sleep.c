#include "base/clock.h"
#include "sched/sched.h"

int keel_sleep_until(int64_t deadline)
{
    if (deadline <= clock_now()) {
        keel_yield();
        return 0;
    }
    struct sched_timer timer = {.deadline = deadline};
    sched_before_park();
    sched_park(SCHED_WAIT_SLEEP, NULL, deadline == KEEL_FOREVER ? sched_step_none : sched_timer_arm,
               &timer);
    return 0;
}

int keel_sleep(int64_t ns)
{
    return keel_sleep_until(ns <= 0 ? 0 : clock_after(ns));
}
