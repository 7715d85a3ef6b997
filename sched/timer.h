/*
 * Waits that have a deadline: how a task arms its timer, who looks at timers, and until when a
 * worker may sleep. timer.c says how it works.
 */
#ifndef KEEL_SCHED_TIMER_H
#define KEEL_SCHED_TIMER_H

#include "base/lock.h"
#include "sched/wheel.h"

struct keel_task;
struct sched_worker;

/* A worker's timers: anyone may lock them, look at them, and take what is due. */
struct sched_timers {
    struct lock lock;          /* guards the wheel */
    int64_t next;              /* atomic, written under the lock: wheel_next of the wheel */
    struct sched_wheel *wheel; /* untouched memory until the first timer */
};

/* How often the worker looks at timers. */
struct sched_timer_looks {
    int64_t prepared;     /* what the clock said when the caller's timer was prepared */
    int64_t time;         /* what it said at a look last */
    uint32_t skips, skip; /* looks to go until the clock is read again; and how many those were */
    uint32_t turn;        /* picks to go until it looks at the other workers' timers */
    uint64_t ring_head;   /* what had left the ring when timers were readied last */
};

/* The memory of a worker's wheel: zero, and better not touched. NULL: the first worker's. */
size_t sched_timers_size(void);
void sched_timers_init(struct sched_worker *worker, void *memory);

/* Whose decision it is that the wait is over when its time has come. */
enum sched_timer_end {
    SCHED_TIMER_SLEEP, /* nobody else's */
    SCHED_TIMER_AWAIT, /* the `join` of a task, which is its wait_object */
    SCHED_TIMER_CLAIM, /* its claim */
};

/*
 * Prepares the caller's timer for the park that follows, whose deferred step arms it. `now`: what
 * the clock said just now, earlier than `deadline`.
 */
void sched_timer_prepare(enum sched_timer_end end, int64_t deadline, int64_t now);

/*
 * Deferred steps that arm the timer: of a sleep; of a park that publishes itself under the struct
 * lock `data`, as sched_step_unlock; of one that waits for the task `data`.
 */
void sched_step_sleep(struct keel_task *task, void *data);
void sched_step_unlock_until(struct keel_task *task, void *data);
void sched_step_await_until(struct keel_task *task, void *data);

/*
 * For a task whose wait was ended by somebody else than its timer, before it goes on: from here on
 * nobody knows the timer.
 */
void sched_timer_cancel(struct keel_task *self);

/* The look itself; see sched_timers_run. */
void sched_timers_look(struct sched_worker *worker);

/* Whether the worker's last look left something in its wheel that was due. */
bool sched_timers_late(const struct sched_worker *worker);

/* Serves all workers' timers. Returns whether something was or is due: then there may be work. */
bool sched_timers_run_all(void);

/* Whether any timer is armed. Exact when no worker is awake. */
bool sched_timers_armed(void);

/* Until when at least nothing happens in any wheel; CLOCK_FOREVER: no timer is armed. A hint. */
int64_t sched_timers_next(void);

/* For a worker that is about to run a task: sees to it that a sleeper covers the deadlines. */
void sched_timers_pass_on(void);

/*
 * A worker that is about to sleep covers the earliest timer if no other sleeper does. Returns the
 * deadline until which to sleep, CLOCK_FOREVER when it covers none. Begin: before the fence of step
 * c; cover: after it.
 */
void sched_timers_cover_begin(void);
int64_t sched_timers_cover(struct sched_worker *worker);
void sched_timers_uncover(struct sched_worker *worker);

#endif
