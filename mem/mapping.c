#include "mem/mapping.h"

#include "mem/pages.h"

/* From the start of the mapping to the block. */
static size_t offset_of(const struct mem_span *span)
{
    return (size_t)(span->start - (unsigned char *)mem_chunk_of(span));
}

/* Sets what depends on where the mapping is and how large. */
static struct mem_span *describe(struct mem_chunk *chunk, size_t offset, size_t mapped)
{
    struct mem_span *span = &chunk->spans[0];
    span->start = (unsigned char *)chunk + offset;
    span->block_size = mapped - offset;
    return span;
}

/* The size of the mapping of a block, or 0 when there is no such number. */
static size_t mapping_size(size_t offset, size_t size)
{
    size_t mapped;
    if (__builtin_add_overflow(size, offset + arch_page_size - 1, &mapped))
        return 0;
    return round_down(mapped, arch_page_size);
}

/* Maps so that what lies 4 MiB behind the result is aligned. */
static struct mem_chunk *map_below_border(size_t mapped, size_t alignment)
{
    size_t before = alignment - mem_chunk_size;
    size_t padded;
    if (__builtin_add_overflow(mapped, before, &padded))
        return NULL;
    unsigned char *region = page_map_aligned(padded, alignment);
    if (region == NULL)
        return NULL;
    page_unmap(region, before); /* a refusal costs addresses, no memory */
    return (struct mem_chunk *)(void *)(region + before);
}

void *mem_mapping_make(size_t size, size_t alignment)
{
    size_t offset = alignment < mem_slice_size ? mem_slice_size : alignment;
    if (offset > mem_chunk_size)
        offset = mem_chunk_size;
    size_t mapped = mapping_size(offset, size);
    if (mapped == 0)
        return NULL;
    struct mem_chunk *chunk = alignment <= mem_chunk_size ? page_map_aligned(mapped, mem_chunk_size)
                                                          : map_below_border(mapped, alignment);
    if (chunk == NULL)
        return NULL;
    chunk->magic = mem_chunk_magic;
    struct mem_span *span = describe(chunk, offset, mapped);
    span->class = mem_class_mapping;
    if (offset < mem_chunk_size) {
        size_t slice = mem_slice_of(span->start);
        chunk->spans[slice - 1].distance = (uint8_t)(slice - 1);
    }
    return span->start;
}

bool mem_mapping_serves(const struct mem_span *span, size_t size, size_t alignment)
{
    return size <= span->block_size && span->block_size / 2 <= size &&
           ((uintptr_t)span->start & (alignment - 1)) == 0;
}

void mem_mapping_free(struct mem_span *span)
{
    struct mem_chunk *chunk = mem_chunk_of(span);
    size_t mapped = offset_of(span) + span->block_size;
    /* Refused when it cuts a mapping in two and there is none to be had: the addresses stay. */
    if (!page_unmap(chunk, mapped))
        page_discard(chunk, mapped);
}

static void *move(struct mem_chunk *chunk, size_t offset, size_t mapped, size_t wanted)
{
    struct mem_chunk *target = page_map_aligned(wanted, mem_chunk_size);
    if (target == NULL || !page_move(chunk, mapped, target, wanted))
        return NULL;
    return describe(target, offset, wanted)->start;
}

void *mem_mapping_resize(struct mem_span *span, size_t size)
{
    struct mem_chunk *chunk = mem_chunk_of(span);
    size_t offset = offset_of(span);
    size_t mapped = offset + span->block_size;
    size_t wanted = mapping_size(offset, size);
    if (wanted == 0)
        return NULL;
    bool in_place =
        wanted == mapped || (wanted < mapped ? page_unmap((char *)chunk + wanted, mapped - wanted)
                                             : page_grow(chunk, mapped, wanted));
    if (in_place)
        return describe(chunk, offset, wanted)->start;
    return wanted < mapped ? NULL : move(chunk, offset, mapped, wanted);
}
