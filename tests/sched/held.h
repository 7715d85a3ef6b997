/* For tests of the watchdog (sched/watchdog.h): tasks that hold their workers until it tells. */
#ifndef KEEL_TESTS_SCHED_HELD_H
#define KEEL_TESTS_SCHED_HELD_H

#include "tests/sched/meeting.h"

/* How often it has told of somebody, each hold once. */
static inline uint64_t held_long(void)
{
    keel_sched_stats numbers = {.size = sizeof numbers};
    keel_sched_stats_read(&numbers);
    return numbers.total.held_long;
}

/*
 * Whether it tells of one more, while `rest` is called again and again, which gives nobody a turn.
 * Where the machine held the caller up, it may have told of this hold already: then another begins.
 */
static inline bool hold_until_seen(void (*rest)(void))
{
    int64_t end = keel_now() + meeting_patience;
    while (keel_now() < end) {
        uint64_t before = held_long();
        int64_t turn = keel_now() + meeting_patience / 8;
        while (keel_now() < turn) {
            rest();
            if (held_long() != before)
                return true;
        }
        keel_yield();
    }
    return false;
}

#endif
