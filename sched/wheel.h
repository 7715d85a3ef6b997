/*
 * A hierarchical timing wheel (Varghese and Lauck, SOSP 1987): timers by the slot of time in which
 * they are due. Each keeps its exact deadline. Insertion and removal cost the same however many
 * timers there are; nothing is allocated. Whoever owns the wheel guards it.
 *
 *     ring       slots   of each    reaches
 *     fine          64      1 µs      65 µs
 *     near       4,096     65 µs     268 ms
 *     far 0..5      64    268 ms ... 9 years, each 64 times the one before; the last reaches all
 *
 * A timer is in the finest ring in which its slot lies less than one round ahead of `base`, the
 * time up to which the wheel has been served. The near ring is so long because most timers are
 * short: what is due within a quarter of a second is moved once, when its near slot is next and
 * goes to the fine ring; so it is put in order among some hundred others, not among all.
 *
 * A near slot has several chains, which are walked side by side: a timer says where the next one
 * is, and with many tasks that is a cache miss; so some misses are waited for at once.
 *
 * A slot of 1 µs is served when it is over: never early, and late by less than that, where the
 * kernel's own slack is 50 µs. What is taken out together comes in the order of the deadlines.
 *
 * Invariants
 *   a bit is set exactly when its slot is not empty;
 *   no timer's slot begins before the slot of `base` in its ring;
 *   `*timer->link` is the timer, while it is in the wheel; `link` is NULL when it is not;
 *   all zero is an empty wheel.
 *
 * The structure is large, and of an empty or nearly empty one few pages are ever touched.
 */
#ifndef KEEL_SCHED_WHEEL_H
#define KEEL_SCHED_WHEEL_H

#include "base/base.h"
#include "base/clock.h"

struct wheel_timer {
    int64_t deadline;
    struct wheel_timer *next;  /* in the slot */
    struct wheel_timer **link; /* what points to it; NULL: in no wheel */
};

enum {
    wheel_fine_slots = 64,
    wheel_near_slots = 4096,
    wheel_near_chains = 4,
    wheel_far_rings = 6,
    wheel_far_slots = 64,
};

struct wheel {
    int64_t base;
    size_t count;
    uint32_t turn; /* which chain comes next */
    uint64_t fine_used;
    uint64_t near_words; /* which words of near_used are not 0 */
    uint64_t near_used[wheel_near_slots / 64];
    uint64_t far_used[wheel_far_rings];
    struct wheel_timer *fine[wheel_fine_slots];
    struct wheel_timer *far[wheel_far_rings][wheel_far_slots];
    struct wheel_timer *near[wheel_near_slots][wheel_near_chains];
};

/* Of what one look at a wheel may do, so that nobody waits long for its lock. */
enum { wheel_due_most = 64 };

/*
 * Puts a timer in that is in no wheel; `now` is about now: later than base only in so far as the
 * wheel was not served. Returns the time at which the wheel must be served for it.
 */
int64_t wheel_insert(struct wheel *wheel, struct wheel_timer *timer, int64_t now);

/* Takes it out. Returns whether its slot is empty now, so that wheel_next may have become later. */
bool wheel_remove(struct wheel *wheel, struct wheel_timer *timer);

/*
 * When there is something to do next: no later than the end of the microsecond of the earliest
 * deadline. CLOCK_FOREVER when the wheel is empty.
 */
int64_t wheel_next(const struct wheel *wheel);

/*
 * Until when one may sleep: the earliest deadline, rounded up to where it will be served. Where too
 * many timers lie together to be looked at, the time at which they must be put in order.
 */
int64_t wheel_earliest(const struct wheel *wheel);

/*
 * Takes out timers that are due, at most `most` of them, in the order of their deadlines, and
 * stores them in `due`. Returns how many. There is a bound to the work too; when one was met,
 * wheel_next is `now` or earlier afterwards.
 */
unsigned wheel_serve(struct wheel *wheel, int64_t now, struct wheel_timer **due, unsigned most);

#endif
