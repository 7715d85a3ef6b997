/*
 * Threads that are no workers, as the rest of the room sees them; foreign.c has the protocol.
 *
 * A program that has none of them has none of the code: the rest of the room asks by a byte of the
 * task that it looks at anyway (`unusual`), and by a pointer to what foreign.c hands down.
 *
 * Invariants
 *   a parked task has SCHED_UNUSUAL_THREAD exactly if the thread that runs it is no worker; what
 *   sched_worker() is there (is_foreign) belongs to that thread alone, and takes no task: what is
 *   pushed goes to the global queue;
 *   such a task is never in a queue, a slot or a wheel, and what it awaits does not run on its
 *   stack;
 *   its thread is counted in sched.outside, but while it waits without a deadline: from just after
 *   its own_thread is FOREIGN_WAITS until just before it is FOREIGN_RUNS again (foreign.c);
 *   it makes no thread that runs tasks: what was changed of it would be theirs (maker.c).
 */
#ifndef KEEL_SCHED_FOREIGN_H
#define KEEL_SCHED_FOREIGN_H

#include "base/base.h"

struct keel_task;
struct sched_counts;

/* What such a thread does, in its task's own_thread. Numbers of a futex: no two alike. */
enum foreign_wait {
    FOREIGN_NONE,
    FOREIGN_RUNS,
    FOREIGN_WAITS,       /* until it is woken; not counted outside */
    FOREIGN_WAITS_UNTIL, /* until it is woken, or its deadline; counted outside: it will be */
};

typedef void foreign_step(struct keel_task *task, void *data);

/* What foreign.c does for the rest of the room. */
struct foreign_hooks {
    /* Readies the task, if it or the caller has a thread of its own; else returns false. */
    bool (*ready)(struct keel_task *task);
    /* As sched_park, for a task that has a thread of its own. */
    void (*park)(unsigned reason, const void *object, foreign_step *step, void *data);
    /* Adds what all such threads have counted. */
    void (*add_counts)(struct sched_counts *sum);
    /* To be called in the place of making a worker, by a thread that is none. */
    void (*want_worker)(void);
    /* A task has returned while it holds its thread: a panic. */
    void (*end_holding)(void);
    /*
     * For who is about to report a deadlock, asked by sched_verdict (idle.c): 0: no thread can come
     * that is not counted yet; else when to ask again.
     */
    int64_t (*look)(void);
};

/*
 * For who has gone to sleep and found nobody left and nothing left to do (idle.c): reports the
 * deadlock, or returns when to look again, because somebody may come who is not counted.
 */
int64_t sched_verdict(void);

/* In a task's number, which reports show: it is a foreign thread. */
#define foreign_identity (UINT64_C(1) << 63)

#endif
