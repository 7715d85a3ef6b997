/* Tasks: their descriptors (task.c), and what is noted of them. */
#ifndef KEEL_SCHED_TASK_H
#define KEEL_SCHED_TASK_H

#include "base/thread_block.h"
#include "keel/task.h"
#include "sched/wheel.h"

struct mem_stack;
struct sched_worker;

enum sched_wait_reason {
#define WAIT_REASON(name, text, waker) name,
#include "sched/wait_reason.tbl"
#undef WAIT_REASON
};

/* What reports say of a task: written by whoever moves it, read without a lock (stuck.h). */
enum sched_task_state {
    SCHED_TASK_FREE,
    SCHED_TASK_NEW,
    SCHED_TASK_RUNNING,
    SCHED_TASK_PARKED,
    SCHED_TASK_HOSTING, /* runs the child that it awaits on its own stack (host.c) */
};

/*
 * What is known of the entry by which a fresh task stands in a deque. It can be taken out from the
 * ends only; so a task that its awaiter begins meanwhile leaves a *stale* entry behind, and whoever
 * comes upon that drops it. A descriptor is recycled when task and entry both have ended: ABANDONED
 * says that the task has, and leaves that to the entry's finder.
 *     QUEUED --taken out--> NONE            the taker begins the task
 *     QUEUED --claimed by the awaiter--> STALE --taken out--> NONE         the awaiter recycles
 *                                        STALE --ended--> ABANDONED --taken out--> recycled
 */
enum sched_entry {
    SCHED_ENTRY_NONE, /* in no deque, or nobody can await it */
    SCHED_ENTRY_QUEUED,
    SCHED_ENTRY_STALE,
    SCHED_ENTRY_ABANDONED,
};

/*
 * A task's descriptor.
 *
 * `join` is where the end of the task meets who waits for it:
 *     SCHED_JOIN_NONE --await--> the waiter --end--> SCHED_JOIN_DONE
 *     SCHED_JOIN_NONE --end----> SCHED_JOIN_DONE --await--> recycled
 *     SCHED_JOIN_NONE --detach-> SCHED_JOIN_DETACHED --end--> recycled
 * Each arrow is one atomic operation, so end and waiter cannot miss each other; whoever comes
 * second recycles, or wakes.
 */
struct keel_task {
    struct task_identity identity; /* first: the thread block points to it */
    union {
        struct {
            union {
                void *(*call)(void *);
                void (*call_detached)(void *);
            } fn;      /* until it first runs */
            void *arg; /* the function's argument, until it first runs; after the end its result */
        };
        struct wheel_timer timer; /* in between, of a wait with a deadline */
    };
    uintptr_t join;          /* atomic */
    struct keel_task *next;  /* in the global queue, a mutex's queue or a free list */
    struct mem_stack *stack; /* what it runs on; NULL on main's and until it first runs */
    const void *spawn_site;  /* the address that spawned it */
    union {
        struct keel_task *older;   /* in its parent's chain of unjoined children (fork.h) */
        struct sched_shelf *shelf; /* of one that may be shelved, from its begin on (shelve.c) */
    };
    uint32_t chained;    /* how many those are, with it */
    uint32_t own_thread; /* atomic, a futex: enum foreign_wait, of who has a thread */
    /* What a switch touches, side by side. */
    void *context;                /* NULL until it first runs; where it parked; packed.c: NULL */
    const void *wait_object;      /* atomic: what it waits on; see stuck.h */
    uint8_t state;                /* atomic: enum sched_task_state */
    uint8_t wait_reason;          /* atomic: enum sched_wait_reason */
    uint8_t entry;                /* atomic: enum sched_entry */
    uint8_t claim;                /* atomic: who ends the wait that has a deadline (claim.h) */
    uint16_t unusual;             /* what makes it another than most (unusual.h) */
    uint16_t timer_worker : 11;   /* in whose wheel the timer is, or was last */
    uint16_t timer_end : 4;       /* enum sched_timer_end */
    uint16_t returns_nothing : 1; /* fn.call_detached is the function; written when it is made */
};
_Static_assert(sizeof(struct keel_task) <= 128, "an unstarted task costs at most 128 bytes");

enum { SCHED_CLAIM_OPEN, SCHED_CLAIM_WAKER, SCHED_CLAIM_TIMER };

enum { SCHED_JOIN_NONE, SCHED_JOIN_DONE, SCHED_JOIN_DETACHED, SCHED_JOIN_VALUES };

/* A descriptor in state NEW with an id of its own. NULL: no memory. */
struct keel_task *sched_task_make(const void *spawn_site);
void sched_task_recycle(struct keel_task *task);

/* Gives the descriptors that the worker keeps for later to the others. For one that retires. */
void sched_tasks_hand_on(struct sched_worker *worker);

/* Calls `each` for every descriptor that is in use. No lock: states may change meanwhile. */
void sched_task_each(void (*each)(struct keel_task *task, void *data), void *data);

extern struct keel_task sched_main_task;

#endif
