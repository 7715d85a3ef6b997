/*
 * A heap: what one thread allocates from. Made at the thread's first allocation; never unmapped,
 * because other threads may still bring blocks home; left to the next thread when its own ends.
 *
 * Goal: a block costs a few instructions, none of them locked, whichever size it has, and memory
 * that is not used goes back, with a bound that does not depend on who frees.
 *
 * A span (chunk.h) holds the blocks of one class. Of each class the heap has one current span, from
 * which it allocates: a pop; and a queue of others with free blocks. A free by the owner is a push
 * to the block's span, whichever that is. What needs more than a push is folded into one countdown:
 *
 *     state      where it is                    countdown
 *     current    heap->current[class]           used + 1    the heap's own hold: never gets to 0
 *     queued     heap->queued[class]            used        0: all free, the run goes back
 *     full       nowhere; capacity == used      1           0: a free block again, to the queue
 *     (run, mapping: one block                  1           0: goes back)
 *
 * with used = blocks handed out and not yet back in span->free. So a class keeps its current span
 * when that runs empty (a program that allocates and frees one block in turn touches nothing else),
 * and mem_heap_collect gives it back before a sleep.
 *
 * Blocks come home from other threads on one list a heap, `remote`: a push by compare-and-swap, and
 * one exchange takes them all. Nobody pops a single one, so a block that comes back to the list
 * while somebody pushes (ABA) does no harm. One list a heap and not one a span, because the owner
 * must learn in one load that there is something; what a list a span would spare, the look at each
 * block when it comes home, the owner pays anyway at the next allocation from it.
 *
 * The owner takes the list in whenever the current span has no free block, and before it takes a
 * run: so between two looks it allocates no more than the capacity of one span of each class, and
 * where one thread allocates and another frees, what is on its way is bounded by that and by the
 * work between two looks. Before a sleep mem_heap_collect looks. (What comes home to a thread that
 * sleeps already waits until it wakes.)
 *
 * A mapped block has no owner: whoever frees it unmaps it, but for one that his heap keeps, if it
 * is not too large, because to touch its pages anew would cost more than most that is done with
 * them.
 *
 * What a heap keeps for later use (chunk.c has the bounds) is worth its memory while the thread
 * runs. Before a sleep that may be long it goes back too, but not before each one of many short
 * ones.
 */
#ifndef KEEL_MEM_HEAP_H
#define KEEL_MEM_HEAP_H

#include "base/atomic.h"
#include "mem/chunk.h"

enum mem_span_state { mem_span_current, mem_span_queued, mem_span_full };

struct mem_heap {
    struct mem_span *current[mem_class_count]; /* never NULL: mem_no_span where there is none */
    struct list_node queued[mem_class_count];
    struct mem_chunks chunks;
    struct mem_span *kept_mapping; /* a mapped block that is not in use, or NULL */
    struct mem_heap *next_released;
    int64_t purged_at;   /* when mem_heap_collect last gave back what is kept for later */
    bool collect_wanted; /* a span went back since the last mem_heap_collect */

    /* Written by other threads: on a line of its own. */
    _Alignas(arch_cache_line) struct mem_block *remote;
};

/* Has no block and is never written to: the fast path need not ask whether there is a span. */
extern struct mem_span mem_no_span;

/* The calling thread's heap, made when there is none yet. NULL: no memory. */
struct mem_heap *mem_heap_get(void);

/* Makes the class's current span one that has a free block, and returns it. NULL: no memory. */
struct mem_span *mem_heap_refill(struct mem_heap *heap, unsigned class);

/* A block of a run of slices, aligned to `stride` slices. NULL: no memory. */
struct mem_span *mem_heap_take_run(struct mem_heap *heap, unsigned slices, unsigned stride);

/* A mapped block, the kept one if it fits. NULL: no memory. */
void *mem_heap_take_mapping(struct mem_heap *heap, size_t size, size_t alignment);

/* Frees a mapped block; `heap` is the calling thread's, or NULL. */
void mem_heap_give_mapping(struct mem_heap *heap, struct mem_span *span);

/* What a free has to do when the span's countdown is at 0. `heap` is the span's; not for mappings.
 */
void mem_span_attend(struct mem_heap *heap, struct mem_span *span);

/* The first free block of the span, which has one. */
static inline struct mem_block *mem_span_pop(struct mem_span *span)
{
    struct mem_block *block = span->free;
    span->free = block->next;
    span->countdown++;
    return block;
}

/* Takes a block back, on the thread that owns the heap. */
static inline void mem_span_push(struct mem_heap *heap, struct mem_span *span,
                                 struct mem_block *block)
{
    block->next = span->free;
    span->free = block;
    if (unlikely(--span->countdown == 0))
        mem_span_attend(heap, span);
}

/* Sends a block home to another thread's heap. */
static inline void mem_heap_push_remote(struct mem_heap *heap, struct mem_block *block)
{
    struct mem_block *first = atomic_load(&heap->remote, RELAXED); /* RELAXED: only compared */
    do {
        block->next = first;
        /* RELEASE: with the ACQUIRE in take_in; what was done to the block is over. */
    } while (!atomic_compare_exchange(&heap->remote, &first, block, RELEASE, RELAXED));
}

#endif
