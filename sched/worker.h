/*
 * Workers: what each has. worker.c says how they come and retire, and how many there may be.
 */
#ifndef KEEL_SCHED_WORKER_H
#define KEEL_SCHED_WORKER_H

#include "base/list.h"
#include "base/thread_block.h"
#include "sched/counts.h"
#include "sched/deque.h"
#include "sched/fork.h"
#include "sched/place.h"
#include "sched/ring.h"
#include "sched/thread.h"
#include "sched/timer.h"

struct keel_task;
struct mem_stack;

typedef void sched_step(struct keel_task *task, void *data);

struct sched_worker {
    /* Its own thread's. */
    struct keel_task *handed; /* the first task of the runner that is about to begin */
    sched_step *step;         /* the deferred step of the task that was just left; NULL: none */
    struct keel_task *step_task;
    void *step_data;
    sched_step *shelved_step; /* what the step is, if that is to offer the task (shelve.c) */
    struct mem_stack *stacks; /* the cache of spare stacks */
    unsigned stack_promise;   /* 0, or one more, if it comes to that (mem/stack.h) */
    struct keel_task *free_tasks;
    struct keel_task *slab_next, *slab_end; /* descriptors never used */
    uint64_t id_next;                       /* atomic, written by its own thread */
    uint64_t id_end;
    unsigned stack_count;
    unsigned free_task_count;
    uint32_t pick_count; /* atomic, written by its own thread: others see that it goes on */
    uint32_t move_count; /* as pick_count; channels count their moves */
    unsigned index;
    unsigned naps;         /* in a row; see idle.c */
    void *alternate_stack; /* for fault handlers */
    size_t alternate_size;
    struct thread_block *block; /* atomic: its thread's; see thread.h for the next two */
    struct sched_thread *thread;
    struct sched_thread first_thread;
    uint32_t random;
    bool searching;    /* counted in sched.searching */
    uint8_t woken_row; /* how often in a row the ring was asked, and not the deque */
    uint8_t next_row;  /* how often in a row the slot was taken */
    bool left_stale;   /* its tasks claimed children where they stand (host.c) */
    bool is_foreign;   /* a foreign thread's: no worker, and not in sched.workers */
    uint16_t releases; /* of stacks, into the cache */
    struct sched_timer_looks looks;
    struct sched_counts counts;
    struct sched_times times;

    struct fork_deque forks;

    /* Guarded by sched.idle_lock. */
    struct list_node idle_link;
    bool is_idle;    /* in sched.idle */
    bool is_napping; /* counted in sched.napping */

    struct sched_place place;

    /* Everyone's. */
    uint64_t call;          /* atomic: odd while its task is in a blocking call (blocking.c) */
    uint64_t call_seen;     /* the lender's: what `call` was when it last looked */
    struct keel_task *next; /* atomic: the task that was readied last */
    bool keeps_tasks;       /* atomic: such a task had to be taken from it: wake others at once */
    struct ring ready;
    struct deque fresh;
    struct sched_timers timers;
};

enum { sched_worker_most = 1024 };

/* Whether the calling task has children in the split deque. Before it parks they must be tasks. */
static inline bool sched_forks_pending_in(const struct thread_block *block,
                                          const struct sched_worker *worker)
{
    /* RELAXED: our own worker's. */
    return block->fork_head != atomic_load(&worker->forks.base, RELAXED);
}

static inline bool sched_forks_pending(const struct sched_worker *worker)
{
    return sched_forks_pending_in(worker->block, worker);
}

/* Ties a worker and the block of its thread together. */
void sched_worker_init(struct sched_worker *worker, struct thread_block *block, unsigned index);

/*
 * How many workers there may be, as far as it is known: the first call reads the affinity mask.
 * Settled: the final number; the first call reads the quota of the control groups.
 */
unsigned sched_worker_limit(void);
unsigned sched_worker_limit_settle(void);

/* Makes one more worker, which inherits the search that the caller has claimed (see idle.c). */
bool sched_worker_make(void);

/* For a worker that has found nothing to do: whether it is one too many. */
bool sched_worker_must_retire(const struct sched_worker *worker);

/* Ends such a worker's thread, whose runner stands on `stack`. */
_Noreturn void sched_worker_retire(struct sched_worker *worker, struct mem_stack *stack);

#endif
