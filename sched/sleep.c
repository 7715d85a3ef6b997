#include "base/clock.h"
#include "sched/sched.h"

/* `now`: what the clock said just now. */
static void sleep_until(int64_t deadline, int64_t now)
{
    sched_before_park();
    if (deadline == KEEL_FOREVER) {
        sched_park(SCHED_WAIT_FOREVER, NULL, sched_step_none, NULL);
        return;
    }
    sched_timer_prepare(SCHED_TIMER_SLEEP, deadline, now);
    sched_park(SCHED_WAIT_SLEEP, NULL, sched_step_sleep, NULL);
}

int keel_sleep_until(int64_t deadline)
{
    int64_t now = clock_now();
    if (deadline <= now)
        keel_yield();
    else
        sleep_until(deadline, now);
    return 0;
}

int keel_sleep(int64_t ns)
{
    int64_t now = clock_now();
    int64_t deadline;
    if (ns <= 0)
        keel_yield();
    else
        sleep_until(__builtin_add_overflow(now, ns, &deadline) ? KEEL_FOREVER : deadline, now);
    return 0;
}
