/*
 * keel_realloc: first where the block is. A run of the calling thread's own heap grows into free
 * slices and gives back what it does not need; a mapped block does the same with pages, or moves
 * them; any block stays when that wastes no more than half of it. Else the bytes move.
 */
#include "base/memory.h"
#include "keel/mem.h"
#include "mem/check.h"
#include "mem/heap.h"
#include "mem/mapping.h"

enum { waste_ignored = 128 }; /* bytes, for which no block moves */

static bool resize_run(struct mem_span *span, size_t size)
{
    struct mem_heap *heap = thread_block()->heap;
    if (mem_chunk_of(span)->owner != heap || size > mem_chunk_size)
        return false;
    size_t slices = round_up(size, mem_slice_size) / mem_slice_size;
    if (!mem_run_resize(&heap->chunks, span, (unsigned)slices))
        return false;
    span->block_size = slices * mem_slice_size;
    return true;
}

/* Where the block is now that it has room for `size`; NULL when its bytes would have to move. */
static void *resize(struct mem_span *span, void *ptr, size_t size)
{
    /* Below, the block is worth a class of its own, and so few bytes are soon copied. */
    bool stays_large = size > mem_class_largest / 2;
    if (span->class == mem_class_mapping && stays_large) {
        void *resized = mem_mapping_resize(span, size);
        if (resized != NULL)
            return resized;
    }
    if (span->class == mem_class_run && stays_large && resize_run(span, size))
        return ptr;
    size_t usable = span->block_size;
    if (size <= usable && (usable - size <= usable / 2 || usable <= waste_ignored))
        return ptr;
    return NULL;
}

void *keel_realloc(void *ptr, size_t size)
{
    if (ptr == NULL)
        return keel_alloc(size);
    if (mem_checked)
        mem_check_used(ptr, __builtin_return_address(0));
    size += size == 0;
    struct mem_span *span = mem_span_of(ptr);
    void *resized = resize(span, ptr, size);
    if (resized != NULL)
        return resized;
    size_t usable = span->block_size;
    void *moved = keel_alloc(size);
    if (moved == NULL)
        return size <= usable ? ptr : NULL;
    memcpy(moved, ptr, size < usable ? size : usable);
    keel_free(ptr);
    return moved;
}
