/*
 * Until another worker sleeps on: not between two naps (sched/idle.c), after which it would look at
 * everything by itself. That takes it a second without work. For who keeps its own worker.
 */
#ifndef KEEL_TESTS_SLEEPING_H
#define KEEL_TESTS_SLEEPING_H

#include "sched/sched.h"
#include "tests/sched/meeting.h"

/* A hint: between two naps it may look so too. */
static inline bool another_sleeps_on(void)
{
    /* RELAXED: hints, looked at again and again. */
    return atomic_load(&sched.idle_count, RELAXED) != 0 &&
           atomic_load(&sched.napping, RELAXED) == 0;
}

/* It is so when it looks so often, and for longer than some naps. False: patience has ended. */
static inline bool wait_until_another_sleeps_on(void)
{
    enum { looks_least = 1000 };
    int64_t now = keel_now();
    int64_t end = now + meeting_patience;
    int64_t since = now;
    for (int looks = 0; looks < looks_least || now < since + 5 * MILLISECOND; looks++) {
        arch_syscall0(__NR_sched_yield);
        now = keel_now();
        if (!another_sleeps_on()) {
            since = now;
            looks = 0;
        }
        if (now > end)
            return false;
    }
    return true;
}

#endif
