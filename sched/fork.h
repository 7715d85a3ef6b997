/*
 * A worker's split deque of forked children, as the rest of the room sees it. fork.c has the
 * protocol. Its head and limit lie in the thread block, where keel_fork and keel_join work on them.
 *
 * What is not in fork.c costs little, because few programs fork: a comparison, behind which a
 * pointer is called that fork.c has handed down. So nobody's image has fork.c who does not fork.
 *
 * Invariants
 *   base <= split <= head; the children of the stack that runs now are in [base, head):
 *   [split, head) are private, the owner's alone, their state is 0;
 *   [base, split) are shared: state is an odd stamp (findable), a task (taken), or 0 (a gap);
 *   `shared` counts those that are no gaps; split[-1] is a gap, or shared is 0 and split is base;
 *   every slot from head on has state 0;
 *   at every switch head == base, and the chain is empty.
 */
#ifndef KEEL_SCHED_FORK_H
#define KEEL_SCHED_FORK_H

#include "base/atomic.h"
#include "base/base.h"

struct keel_fork_slot;
struct keel_task;
struct sched_worker;

struct fork_deque {
    /* The owner's. */
    struct keel_fork_slot *split;
    struct keel_task
        *chain; /* unjoined children that are tasks, of the stack that runs; newest first */
    unsigned shared;
    uint64_t stamp;                          /* of the children that were shared last; odd */
    struct keel_task *reserve, *reserve_end; /* descriptors never used, one for each place */

    /* Everyone's. */
    _Alignas(arch_cache_line) struct keel_fork_slot *base; /* atomic; NULL: it has not forked */
    uint64_t range; /* atomic; where findable children may be, see fork.c */
};

/* Whether children may be findable there: a hint, but for the fences of the idle protocol; if so,
 * the hooks are there. */
static inline bool fork_looks_shared(const struct fork_deque *forks)
{
    uint64_t range = atomic_load(&forks->range, ACQUIRE); /* ACQUIRE: with the RELEASE in share */
    return (range >> 16 & 0xffff) != (range & 0xffff);
}

/*
 * What fork.c does for the rest of the room. NULL until a worker forks. The fields are atomic; they
 * are called only where a deque, a chain or a range says that somebody has forked.
 */
struct fork_hooks {
    /* Turns the children in the deque of the calling task, which is about to park, into tasks. */
    void (*spill)(struct sched_worker *worker);
    /* Takes the oldest findable child of another worker: a task that has not begun, or NULL. */
    struct keel_task *(*steal)(struct sched_worker *victim);
    /* Whether a child can be taken there. */
    bool (*is_findable)(const struct sched_worker *victim);
    /* How many children the calling task has not joined, with those of whom its stack hosts. */
    uint64_t (*count_unjoined)(const struct sched_worker *worker);
    /* The calling task has ended without joining all that it forked: a panic. */
    void (*end_unjoined)(void);
};

#endif
