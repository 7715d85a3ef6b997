#include "mem/heap.h"

#include "base/clock.h"
#include "base/lock.h"
#include "mem/mapping.h"
#include "mem/mem.h"
#include "mem/pages.h"

enum {
    blocks_in_span = 8,                 /* at least, which sets the slices of a span */
    carved_at_once = arch_page_size,    /* bytes: a batch of blocks touches one page more */
    mapping_kept = 16 * 1024 * 1024,    /* bytes, at most */
    dirty_kept_asleep = 16,             /* slices */
    purge_interval = 100 * 1000 * 1000, /* ns; a purge costs a few hundredths of it at most */
};

TOUCHED_AT_START struct mem_span mem_no_span;

/* Heaps whose threads have ended, with what is still in use of them: a ring. */
TOUCHED_AT_START static struct {
    struct lock lock;
    uint32_t count;        /* atomic, written with the lock held */
    struct mem_heap *last; /* its next one is the first; of no meaning when there are none */
} released;

static struct mem_heap *take_released(void)
{
    struct mem_heap *heap = NULL;
    lock_acquire(&released.lock);
    if (released.count != 0) {
        heap = released.last->next_released;
        released.last->next_released = heap->next_released;
        atomic_store(&released.count, released.count - 1, RELAXED); /* RELAXED: as below */
    }
    lock_release(&released.lock);
    return heap;
}

/* Becomes the first, or the last. */
static void give_released(struct mem_heap *heap, bool is_last)
{
    lock_acquire(&released.lock);
    if (released.count == 0)
        released.last = heap;
    heap->next_released = released.last->next_released;
    released.last->next_released = heap;
    if (is_last)
        released.last = heap;
    /* RELAXED: see collect_released. */
    atomic_store(&released.count, released.count + 1, RELAXED);
    lock_release(&released.lock);
}

static struct mem_heap *heap_make(void)
{
    /*
     * The first heap costs no mapping. (Nor does it lie between what every program touches: it is
     * half a page.) RELAXED: claims; nothing else is published by it.
     */
    static struct mem_heap first;
    TOUCHED_AT_START static bool first_taken;
    struct mem_heap *heap = &first;
    if (atomic_exchange(&first_taken, true, RELAXED))
        heap = page_map(sizeof *heap);
    if (heap == NULL)
        return NULL;
    for (unsigned i = 0; i < mem_class_count; i++) {
        heap->current[i] = &mem_no_span;
        list_init(&heap->queued[i]);
    }
    mem_chunks_init(&heap->chunks, heap);
    return heap;
}

struct mem_heap *mem_heap_get(void)
{
    struct thread_block *thread = thread_block();
    if (thread->heap == NULL)
        thread->heap = take_released();
    if (thread->heap == NULL)
        thread->heap = heap_make();
    return thread->heap;
}

void mem_heap_hand_on(struct mem_heap *heap)
{
    give_released(heap, false);
}

void mem_heap_release(void)
{
    struct thread_block *thread = thread_block();
    struct mem_heap *heap = thread->heap;
    if (heap == NULL)
        return;
    mem_heap_collect();
    thread->heap = NULL;
    mem_heap_hand_on(heap);
}

/* Takes in what other threads freed. */
static void take_in(struct mem_heap *heap)
{
    if (likely(atomic_load(&heap->remote, RELAXED) == NULL)) /* RELAXED: looked at again */
        return;
    /* ACQUIRE: with the RELEASE in mem_heap_push_remote. */
    struct mem_block *block = atomic_exchange(&heap->remote, NULL, ACQUIRE);
    while (block != NULL) {
        struct mem_block *next = block->next;
        mem_span_push(heap, mem_chunk_span(mem_chunk_of(block), block), block);
        block = next;
    }
}

/* Adds fresh blocks to the free list, lowest address first. */
static void carve(struct mem_span *span)
{
    size_t size = span->block_size;
    uint32_t count = size < carved_at_once ? (uint32_t)(carved_at_once / size) : 1;
    if (count > span->capacity - span->carved)
        count = span->capacity - span->carved;
    unsigned char *block = span->start + span->carved * size;
    span->carved += count;
    struct mem_block **link = &span->free;
    for (; count > 0; count--, block += size) {
        *link = (struct mem_block *)(void *)block;
        link = &(*link)->next;
    }
    *link = NULL;
}

static struct mem_span *span_make(struct mem_heap *heap, unsigned class)
{
    size_t size = mem_class_size(class);
    size_t slices = round_up(size * blocks_in_span, mem_slice_size) / mem_slice_size;
    struct mem_span *span = mem_run_take(&heap->chunks, (unsigned)slices, 1);
    if (span == NULL)
        return NULL;
    span->free = NULL;
    span->carved = 0;
    span->capacity = (uint32_t)(slices * mem_slice_size / size);
    span->class = (uint8_t) class;
    span->block_size = size;
    return span;
}

static void make_current(struct mem_heap *heap, struct mem_span *span, uint32_t used)
{
    span->state = mem_span_current;
    span->countdown = used + 1;
    heap->current[span->class] = span;
}

/* Puts the current span, whose blocks are all in use, aside. */
static void put_aside(struct mem_heap *heap, struct mem_span *span)
{
    span->state = mem_span_full;
    span->countdown = 1;
    heap->current[span->class] = &mem_no_span;
}

struct mem_span *mem_heap_refill(struct mem_heap *heap, unsigned class)
{
    take_in(heap);
    struct mem_span *span = heap->current[class];
    if (span->free != NULL)
        return span;
    if (span->carved < span->capacity) {
        carve(span);
        return span;
    }
    if (span != &mem_no_span)
        put_aside(heap, span);
    struct list_node *node = list_pop_front(&heap->queued[class]);
    if (node != NULL) {
        span = container_of(node, struct mem_span, link);
        make_current(heap, span, span->countdown);
        return span;
    }
    span = span_make(heap, class);
    if (span == NULL)
        return NULL;
    make_current(heap, span, 0);
    carve(span);
    return span;
}

struct mem_span *mem_heap_take_run(struct mem_heap *heap, unsigned slices, unsigned stride)
{
    take_in(heap);
    struct mem_span *span = mem_run_take(&heap->chunks, slices, stride);
    if (span == NULL)
        return NULL;
    span->free = NULL;
    span->countdown = 1;
    span->class = mem_class_run;
    span->block_size = slices * (size_t)mem_slice_size;
    return span;
}

void *mem_heap_take_mapping(struct mem_heap *heap, size_t size, size_t alignment)
{
    struct mem_span *kept = heap->kept_mapping;
    if (kept == NULL || !mem_mapping_serves(kept, size, alignment))
        return mem_mapping_make(size, alignment);
    heap->kept_mapping = NULL;
    mem_chunk_of(kept)->free = 0;
    return kept->start;
}

void mem_heap_give_mapping(struct mem_heap *heap, struct mem_span *span)
{
    if (heap == NULL || span->block_size > mapping_kept) {
        mem_mapping_free(span);
        return;
    }
    if (heap->kept_mapping != NULL)
        mem_mapping_free(heap->kept_mapping);
    heap->kept_mapping = span;
    mem_chunk_of(span)->free = 1;
    mem_chunk_of(span)->touched = 1;
}

void mem_span_attend(struct mem_heap *heap, struct mem_span *span)
{
    if (span->class == mem_class_run) {
        mem_run_give(&heap->chunks, span);
    } else if (span->state == mem_span_full) {
        /* To the end: until its turn comes more of its blocks may come back. */
        span->state = mem_span_queued;
        span->countdown = span->capacity - 1;
        list_push_back(&heap->queued[span->class], &span->link);
    } else {
        list_remove(&span->link);
        mem_run_give(&heap->chunks, span);
        heap->collect_wanted = true;
    }
}

static void give_empty_currents(struct mem_heap *heap)
{
    for (unsigned i = 0; i < mem_class_count; i++) {
        struct mem_span *span = heap->current[i];
        if (span->countdown == 1) {
            heap->current[i] = &mem_no_span;
            mem_run_give(&heap->chunks, span);
        }
    }
}

static void give_kept(struct mem_heap *heap)
{
    mem_chunks_discard(&heap->chunks, 0);
    if (heap->kept_mapping != NULL)
        mem_mapping_free(heap->kept_mapping);
    heap->kept_mapping = NULL;
}

/* Gives back what is kept for later, if that is much and was not done a moment ago. */
static void purge(struct mem_heap *heap)
{
    int64_t now = clock_now();
    if (heap->purged_at != 0 && now - heap->purged_at < purge_interval)
        return;
    heap->purged_at = now;
    give_kept(heap);
}

static void collect(struct mem_heap *heap)
{
    take_in(heap);
    if (heap->collect_wanted) {
        heap->collect_wanted = false;
        give_empty_currents(heap);
    }
    if (heap->chunks.dirty > dirty_kept_asleep || heap->kept_mapping != NULL)
        purge(heap);
}

/*
 * Blocks come home to a released heap as to any other, and it may be long until a thread needs it:
 * so who is about to sleep looks after them, as their owner for the time. However many heaps there
 * are, they keep together what one that sleeps may keep: the first ones, which are taken first.
 *
 * One at a time: the others stay where a thread that begins meanwhile finds one, which would else
 * make a heap more, for good, each time that this happens.
 */
static void collect_released(void)
{
    struct mem_heap *heap;
    size_t kept = 0;
    /* RELAXED: who ends or begins meanwhile is seen by the next. */
    uint32_t count = atomic_load(&released.count, RELAXED);
    for (; unlikely(count != 0) && (heap = take_released()) != NULL; count--) {
        collect(heap);
        if (kept + heap->chunks.dirty > dirty_kept_asleep)
            give_kept(heap);
        kept += heap->chunks.dirty;
        give_released(heap, true);
    }
}

void mem_heap_collect(void)
{
    struct mem_heap *heap = thread_block()->heap;
    if (heap != NULL)
        collect(heap);
    collect_released();
}
