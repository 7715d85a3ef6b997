/*
 * The allocator's calls, but for keel_realloc. What is fast lies here whole: a block of a class is
 * one pop from the thread's current span, a free one push. Nobody parks in between, so the thread
 * block is read once a call.
 */
#include "base/memory.h"
#include "keel/mem.h"
#include "mem/check.h"
#include "mem/heap.h"

static void *take_block(struct mem_span *span)
{
    struct mem_block *block = mem_span_pop(span);
    if (mem_checked)
        mem_check_mark_used(block);
    return block;
}

/* For sizes above the classes; `alignment` may be anything below. */
static void *alloc_large(struct mem_heap *heap, size_t size, size_t alignment)
{
    size_t slices = size / mem_slice_size + (size % mem_slice_size != 0);
    size_t stride = alignment <= mem_slice_size ? 1 : alignment / mem_slice_size;
    if (stride >= mem_chunk_slices || slices > mem_chunk_slices - stride)
        return mem_heap_take_mapping(heap, size, alignment);
    struct mem_span *span = mem_heap_take_run(heap, (unsigned)slices, (unsigned)stride);
    return span == NULL ? NULL : span->start;
}

__attribute__((noinline)) static void *alloc_slowly(size_t size)
{
    struct mem_heap *heap = mem_heap_get();
    if (heap == NULL)
        return NULL;
    size += size == 0;
    if (size > mem_class_largest)
        return alloc_large(heap, size, 1);
    struct mem_span *span = mem_heap_refill(heap, mem_class_of(size));
    return span == NULL ? NULL : take_block(span);
}

void *keel_alloc(size_t size)
{
    struct mem_heap *heap = thread_block()->heap;
    if (likely(heap != NULL && size - 1 < mem_class_largest)) {
        struct mem_span *span = heap->current[mem_class_of(size)];
        if (likely(span->free != NULL))
            return take_block(span);
    }
    return alloc_slowly(size);
}

/* Zeroes a block above the classes, as far as it may not be zero. */
static void zero_large(const struct mem_span *span, size_t size)
{
    if (span->class == mem_class_run)
        mem_run_zero(span, size);
    else if (mem_chunk_of(span)->touched != 0)
        memset(span->start, 0, size);
}

void *keel_alloc_zeroed(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *ptr = keel_alloc(total);
    if (ptr == NULL)
        return NULL;
    if (total > mem_class_largest)
        zero_large(mem_span_of(ptr), total);
    else
        memset(ptr, 0, total);
    return ptr;
}

/*
 * No block is cut to be aligned. Up to 64 KiB a size that is a multiple of the alignment is enough
 * (class.h), and every run begins at a slice.
 */
void *keel_alloc_aligned(size_t size, size_t alignment)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    size += size == 0;
    if (alignment <= mem_slice_size && size <= mem_class_largest)
        return keel_alloc(round_up(size, alignment));
    struct mem_heap *heap = mem_heap_get();
    return heap == NULL ? NULL : alloc_large(heap, size, alignment);
}

/*
 * What is no push to a span of our own: NULL, mapped blocks, blocks of other threads. Of the latter
 * only the chunk's owner is looked at: the owner is writing to the span's descriptor all the time.
 */
__attribute__((noinline)) static void free_slowly(void *ptr)
{
    if (ptr == NULL)
        return;
    struct mem_heap *owner = mem_chunk_border(ptr) ? NULL : mem_chunk_of(ptr)->owner;
    if (owner == NULL)
        mem_heap_give_mapping(thread_block()->heap, mem_span_of(ptr));
    else
        mem_heap_push_remote(owner, ptr);
}

void keel_free(void *ptr)
{
    if (mem_checked && ptr != NULL) {
        mem_check_used(ptr, __builtin_return_address(0));
        mem_check_mark_free(ptr);
    }
    if (likely(!mem_chunk_border(ptr))) {
        struct mem_chunk *chunk = mem_chunk_of(ptr);
        struct mem_heap *heap = thread_block()->heap;
        /* A mapped block has no owner, and a thread that never allocated no heap. */
        if (likely(chunk->owner == heap && heap != NULL)) {
            mem_span_push(heap, mem_chunk_span(chunk, ptr), ptr);
            return;
        }
    }
    free_slowly(ptr);
}

void keel_free_sized(void *ptr, size_t size)
{
    if (mem_checked && ptr != NULL) {
        mem_check_used(ptr, __builtin_return_address(0));
        mem_check_size(ptr, size, __builtin_return_address(0));
    }
    (void)size;
    keel_free(ptr);
}

size_t keel_usable_size(const void *ptr)
{
    if (ptr == NULL)
        return 0;
    if (mem_checked)
        mem_check_used(ptr, __builtin_return_address(0));
    return mem_span_of(ptr)->block_size;
}
