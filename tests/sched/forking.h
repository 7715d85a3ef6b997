/* Waiting by forking on, as who computes does: each fork and join shows others what there is. */
#ifndef KEEL_TESTS_FORKING_H
#define KEEL_TESTS_FORKING_H

#include "keel/fork.h"
#include "tests/sched/meeting.h"

static inline void *return_arg(void *arg)
{
    return arg;
}

static inline void fork_nothing(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, return_arg, NULL);
    keel_join(&frame);
}

static inline bool fork_until(const uint32_t *count)
{
    int64_t end = keel_now() + meeting_patience;
    while (!have_arrived(count, 1)) {
        fork_nothing();
        if (keel_now() > end)
            return false;
        arch_syscall0(__NR_sched_yield);
    }
    return true;
}

#endif
