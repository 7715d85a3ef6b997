#include "mem/check.h"

#include "base/panic.h"

static uintptr_t mark_of(const struct mem_block *block)
{
    return (uintptr_t)block ^ (uintptr_t)0x66726565626c6f63;
}

/*
 * Whether the address's slice is free; a mapped block's word has one bit. The owner may be writing
 * the word, but as long as the block is in use its bit stays 0.
 */
static bool is_free(const struct mem_chunk *chunk, const void *ptr)
{
    if (chunk->owner == NULL)
        return chunk->free != 0;
    return (chunk->free >> mem_slice_of(ptr) & 1) != 0;
}

void mem_check_used(const void *ptr, const void *where)
{
    struct mem_chunk *chunk = mem_chunk_border(ptr)
                                  ? mem_chunk_of((const char *)ptr - mem_chunk_size)
                                  : mem_chunk_of(ptr);
    if (chunk->magic != mem_chunk_magic)
        panic_at("not a block of keel_alloc", where);
    if (!mem_chunk_border(ptr) && mem_slice_of(ptr) == 0)
        panic_at("not a block of keel_alloc but the header of a chunk", where);
    if (is_free(chunk, ptr))
        panic_at("the block is not in use: freed twice?", where);
    const struct mem_span *span = mem_span_of(ptr);
    size_t position = (size_t)((const unsigned char *)ptr - span->start);
    if ((const unsigned char *)ptr < span->start || position % span->block_size != 0)
        panic_at("not the beginning of a block", where);
    const struct mem_block *block = ptr;
    if (span->class < mem_class_count && block->mark == mark_of(block))
        panic_at("the block is not in use: freed twice?", where);
}

void mem_check_size(const void *ptr, size_t size, const void *where)
{
    if (size > mem_span_of(ptr)->block_size)
        panic_at("freed with a size that the block never had", where);
}

void mem_check_mark_free(struct mem_block *block)
{
    block->mark = mark_of(block);
}

void mem_check_mark_used(struct mem_block *block)
{
    block->mark = 0;
}
