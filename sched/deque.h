/*
 * The work-stealing deque: tasks that have not begun.
 *
 * Its owner, one worker, pushes and takes at the bottom, newest first; thieves take at the top,
 * oldest first. Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), with the memory
 * orders of Le, Pop, Cohen and Zappa Nardelli, "Correct and efficient work-stealing for weak memory
 * models" (PPoPP 2013).
 *
 * Invariants
 *   top <= bottom + 1, and top never goes down, so a compare-and-swap on top cannot be fooled by a
 *   value that came back;
 *   the tasks inside are slots[top % capacity] ... slots[(bottom - 1) % capacity];
 *   a slot is overwritten only when bottom has run a whole capacity past it, which push prevents by
 *   growing: so what a thief has read is the task, if its compare-and-swap on top succeeds.
 *
 * The one race: owner and thief want the last task. The owner writes bottom, then reads top; the
 * thief reads top, then bottom. A sequentially consistent fence between the two accesses on both
 * sides makes at least one see the other, and the compare-and-swap on top decides.
 *
 * An array that was outgrown is kept until the process ends: a thief may still read it. Sizes
 * double, so all old ones together are smaller than the newest.
 */
#ifndef KEEL_SCHED_DEQUE_H
#define KEEL_SCHED_DEQUE_H

#include "base/atomic.h"
#include "base/base.h"

struct keel_task;

struct deque_array {
    int64_t capacity; /* a power of two */
    struct keel_task *slots[];
};

enum { deque_first_capacity = 32, deque_recent = 4 };

struct deque {
    _Alignas(arch_cache_line) int64_t top;    /* thieves' end */
    _Alignas(arch_cache_line) int64_t bottom; /* owner's end */
    struct deque_array *array;                /* NULL until the first push */
    bool refuses;                             /* there will be none: every push fails */
    /* The first array, a struct deque_array: a mapping would cost more than most programs push. */
    int64_t first_array[1 + deque_first_capacity];
};

/* Owner only. False when there is no memory to grow: the task is not inside. */
bool deque_push(struct deque *deque, struct keel_task *task);

/* Owner only: the newest task, or NULL. */
struct keel_task *deque_take(struct deque *deque);

/*
 * Owner only: the task at an end, or NULL. A thief may have taken it meanwhile; else deque_take, or
 * deque_take_oldest, gives it.
 */
struct keel_task *deque_newest(struct deque *deque);
struct keel_task *deque_oldest(struct deque *deque);

/*
 * Owner only, while the process has one thread: takes this task out, if it is one of the newest
 * deque_recent. What is newer moves down.
 */
bool deque_take_recent_alone(struct deque *deque, const struct keel_task *task);

/* Owner only: takes this task out, if it is the oldest. */
bool deque_take_oldest(struct deque *deque, const struct keel_task *task);

/* Anyone: the oldest task, or NULL when it is empty or another was faster. */
struct keel_task *deque_steal(struct deque *deque);

/* Anyone: the place of the oldest task, if there is one: no two oldest ever have the same. A hint.
 */
static inline int64_t deque_top(struct deque *deque)
{
    return atomic_load(&deque->top, RELAXED); /* RELAXED: as it says */
}

/* Anyone: a hint, unless the caller has a fence before it and the owner one after its push. */
static inline int64_t deque_length(struct deque *deque)
{
    /* RELAXED: the fences around the idle protocol order it (idle.c). */
    int64_t top = atomic_load(&deque->top, RELAXED);
    return atomic_load(&deque->bottom, RELAXED) - top;
}

static inline bool deque_looks_empty(struct deque *deque)
{
    return deque_length(deque) <= 0;
}

#endif
