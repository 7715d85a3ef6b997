/*
 * The ready ring: tasks that were woken or yielded, first in, first out. Its owner, one worker,
 * pushes; owner and thieves pop. Bounded: what does not fit goes to the global queue.
 *
 * Invariants
 *   head <= tail <= head + ring_capacity; neither ever goes down;
 *   the tasks inside are slots[head % ring_capacity] ... slots[(tail - 1) % ring_capacity].
 * A slot is reused only after head has passed it, so a popper whose compare-and-swap on head
 * succeeds has read the task that stood there.
 */
#ifndef KEEL_SCHED_RING_H
#define KEEL_SCHED_RING_H

#include "base/alone.h"
#include "base/base.h"

struct keel_task;

enum { ring_capacity = 256 };

struct ring {
    _Alignas(arch_cache_line) uint64_t head; /* poppers' end */
    _Alignas(arch_cache_line) uint64_t tail; /* owner's end */
    struct keel_task *slots[ring_capacity];
};

/* Makes an empty one full for good, without a task in it: nobody pops of it. */
static inline void ring_refuse(struct ring *ring)
{
    ring->head = ring->tail - ring_capacity;
}

/* Owner only. False when it is full. */
static inline bool ring_push(struct ring *ring, struct keel_task *task)
{
    uint64_t tail = atomic_load(&ring->tail, RELAXED); /* RELAXED: our own */
    /* ACQUIRE: with the compare-and-swap in ring_pop, whose reader is done with the slot. */
    if (tail - atomic_load(&ring->head, ACQUIRE) >= ring_capacity)
        return false;
    atomic_store(&ring->slots[tail % ring_capacity], task,
                 RELAXED); /* RELAXED: published by tail */
    /* RELEASE: with the ACQUIRE of tail in ring_pop; publishes the slot and the task's context. */
    atomic_store(&ring->tail, tail + 1, RELEASE);
    return true;
}

/* Alone: the one that ring_pop would take, or NULL. */
static inline struct keel_task *ring_oldest(struct ring *ring)
{
    uint64_t head = atomic_load(&ring->head, RELAXED); /* RELAXED: nobody else */
    return atomic_load(&ring->tail, RELAXED) == head
               ? NULL
               : atomic_load(&ring->slots[head % ring_capacity], RELAXED);
}

/* Anyone: the oldest, or NULL. */
static inline struct keel_task *ring_pop(struct ring *ring)
{
    uint64_t head = atomic_load(&ring->head, ACQUIRE); /* ACQUIRE: with the other poppers */
    for (;;) {
        /* ACQUIRE: with the RELEASE in ring_push. */
        if (atomic_load(&ring->tail, ACQUIRE) == head)
            return NULL;
        struct keel_task *task =
            atomic_load(&ring->slots[head % ring_capacity], RELAXED); /* RELAXED: see tail */
        /* ACQ_REL: RELEASE frees the slot for ring_push, ACQUIRE as the load of head above. */
        if (atomic_compare_exchange_shared(&ring->head, &head, head + 1, ACQ_REL, ACQUIRE))
            return task;
    }
}

/* Anyone: how many have ever left it; a hint. */
static inline uint64_t ring_head(struct ring *ring)
{
    return atomic_load(&ring->head, RELAXED); /* RELAXED: a count by itself */
}

/* Anyone: a hint, with deque_length's condition. */
static inline int64_t ring_length(struct ring *ring)
{
    /* RELAXED: the fences around the idle protocol order it (idle.c). */
    uint64_t head = atomic_load(&ring->head, RELAXED);
    return (int64_t)(atomic_load(&ring->tail, RELAXED) - head);
}

static inline bool ring_looks_empty(struct ring *ring)
{
    return ring_length(ring) <= 0;
}

#endif
