#include "mem/chunk.h"

#include "base/atomic.h"
#include "base/memory.h"
#include "mem/pages.h"

#define all_slices (~UINT64_C(1)) /* slice 0 is the header's */

enum {
    chunks_tried = 8, /* in a bin where a fit is not certain */
    /* What is kept though it is free: so much, and one more for so many that are in use. */
    dirty_kept = 4 * mem_chunk_slices,
    empty_kept = 1,
    used_for_one_kept = 2,
};

static unsigned first_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzl(bits);
}

static unsigned count_bits(uint64_t bits)
{
    return (unsigned)__builtin_popcountl(bits);
}

static uint64_t run_bits(unsigned first, unsigned slices)
{
    return (~UINT64_C(0) >> (mem_chunk_slices - slices)) << first;
}

void mem_chunks_init(struct mem_chunks *chunks, struct mem_heap *owner)
{
    chunks->owner = owner;
    for (unsigned i = 0; i < mem_chunk_bins; i++)
        list_init(&chunks->bins[i]);
}

/* The bits at which `slices` free slices begin. */
static uint64_t run_starts(uint64_t free, unsigned slices)
{
    unsigned known = 1; /* a bit of `free` says that so many are free from there on */
    while (known < slices) {
        unsigned step = known < slices - known ? known : slices - known;
        free &= free >> step;
        known += step;
    }
    return free;
}

static unsigned bin_of(uint64_t free)
{
    if (free == 0)
        return mem_chunk_bins;
    unsigned bin = 0;
    for (free &= free >> 1; free != 0; free &= free >> (1u << bin))
        bin++;
    return bin;
}

/* To be called when chunk->free has changed. */
static void put_in_bin(struct mem_chunks *chunks, struct mem_chunk *chunk)
{
    unsigned bin = bin_of(chunk->free);
    if (bin == chunk->bin && bin != mem_chunk_bins - 1)
        return;
    if (chunk->bin != mem_chunk_bins)
        list_remove(&chunk->link);
    chunk->bin = bin;
    /* The last bin ends with the empty chunks: the others may run empty if these are left alone. */
    if (chunk->free == all_slices)
        list_push_back(&chunks->bins[bin], &chunk->link);
    else if (bin != mem_chunk_bins)
        list_push_front(&chunks->bins[bin], &chunk->link);
}

/*
 * The first chunk lies in .bss, so that a program's first block costs no mapping; and it has few
 * slices, so that no huge page fits. It counts as never empty, and is never unmapped. Only
 * linker.ld places it so that it can be a chunk.
 */
__attribute__((section(".bss.~first_chunk"))) static _Alignas(
    arch_cache_line) unsigned char first_chunk[mem_chunk_first_slices * mem_slice_size];

/* NULL when it is taken, or cannot serve. */
static struct mem_chunk *take_first_chunk(unsigned slices, unsigned stride)
{
    TOUCHED_AT_START static bool taken;
    /* By a volatile pointer: the compiler must not think that an array has only its own alignment.
     */
    unsigned char *volatile place = first_chunk;
    if (!mem_chunk_border(place) || slices + stride > mem_chunk_first_slices)
        return NULL;
    /* RELAXED: claims; nothing else is published by it. */
    if (atomic_load(&taken, RELAXED) || atomic_exchange(&taken, true, RELAXED))
        return NULL;
    struct mem_chunk *chunk = (struct mem_chunk *)(void *)place;
    chunk->free = run_bits(1, mem_chunk_first_slices - 1);
    return chunk;
}

static struct mem_chunk *map_chunk(struct mem_chunks *chunks)
{
    struct mem_chunk *chunk = page_map_aligned(mem_chunk_size, mem_chunk_size);
    if (chunk == NULL)
        return NULL;
    if (chunks->count == 0)
        page_keep_small(chunk, mem_chunk_size);
    chunk->free = all_slices;
    chunks->empty++;
    return chunk;
}

/* A chunk with room for a run of `slices`. */
static struct mem_chunk *chunk_make(struct mem_chunks *chunks, unsigned slices, unsigned stride)
{
    struct mem_chunk *chunk = take_first_chunk(slices, stride);
    if (chunk == NULL)
        chunk = map_chunk(chunks);
    if (chunk == NULL)
        return NULL;
    chunk->owner = chunks->owner;
    chunk->magic = mem_chunk_magic;
    chunk->bin = mem_chunk_bins;
    chunks->count++;
    return chunk;
}

/* Lets the kernel have the memory behind the chunk's free slices. */
static void discard(struct mem_chunks *chunks, struct mem_chunk *chunk)
{
    uint64_t rest = chunk->dirty;
    while (rest != 0) {
        unsigned first = first_bit(rest);
        unsigned slices = first_bit(~(rest >> first));
        /* A refusal (locked memory) would be the same the next time: the slices count as clean. */
        page_discard((char *)chunk + first * (size_t)mem_slice_size,
                     slices * (size_t)mem_slice_size);
        rest &= ~run_bits(first, slices);
    }
    chunks->dirty -= count_bits(chunk->dirty);
    chunk->dirty = 0;
}

/* Unmaps empty chunks beyond those that are kept. They are the last of the last bin. */
static void unmap_empty(struct mem_chunks *chunks)
{
    struct list_node *head = &chunks->bins[mem_chunk_bins - 1];
    size_t kept = empty_kept + chunks->used / (used_for_one_kept * mem_chunk_slices);
    while (chunks->empty > kept) {
        struct mem_chunk *chunk = container_of(head->previous, struct mem_chunk, link);
        unsigned dirty = count_bits(chunk->dirty);
        list_remove(&chunk->link);
        if (!page_unmap(chunk, mem_chunk_size)) {
            list_push_back(head, &chunk->link);
            return;
        }
        chunks->dirty -= dirty;
        chunks->count--;
        chunks->empty--;
    }
}

void mem_chunks_discard(struct mem_chunks *chunks, size_t kept)
{
    for (unsigned bin = mem_chunk_bins; bin-- > 0;) {
        struct list_node *head = &chunks->bins[bin];
        for (struct list_node *node = head->next; node != head; node = node->next) {
            if (chunks->dirty <= kept)
                return;
            discard(chunks, container_of(node, struct mem_chunk, link));
        }
    }
}

/*
 * Half of what is kept goes too: so many slices must become free before the next time that the look
 * at all chunks costs each of them little.
 */
static void limit_dirty(struct mem_chunks *chunks)
{
    size_t kept = dirty_kept + chunks->used / used_for_one_kept;
    if (chunks->dirty > kept)
        mem_chunks_discard(chunks, kept / 2);
}

static void give_slices(struct mem_chunks *chunks, struct mem_chunk *chunk, unsigned first,
                        unsigned slices)
{
    uint64_t bits = run_bits(first, slices);
    chunk->free |= bits;
    chunk->dirty |= bits;
    chunk->touched |= bits;
    chunks->used -= slices;
    chunks->dirty += slices;
    put_in_bin(chunks, chunk);
    if (chunk->free == all_slices) {
        chunks->empty++;
        unmap_empty(chunks);
    }
    limit_dirty(chunks);
}

static void take_slices(struct mem_chunks *chunks, struct mem_chunk *chunk, unsigned first,
                        unsigned slices)
{
    uint64_t bits = run_bits(first, slices);
    if (chunk->free == all_slices)
        chunks->empty--;
    chunks->used += slices;
    chunks->dirty -= count_bits(chunk->dirty & bits);
    chunk->free &= ~bits;
    chunk->dirty &= ~bits;
    put_in_bin(chunks, chunk);
}

static void set_distances(struct mem_span *span, unsigned from, unsigned slices)
{
    for (unsigned i = from; i < slices; i++)
        span[i].distance = (uint8_t)i;
    span->slices = (uint8_t)slices;
}

/* The first slice of a fitting run of the chunk, or 0. */
static unsigned find(const struct mem_chunk *chunk, unsigned slices, unsigned stride)
{
    uint64_t starts = run_starts(chunk->free, slices);
    if (stride > 1)
        starts &= ~UINT64_C(0) / run_bits(0, stride); /* every stride-th bit */
    return starts == 0 ? 0 : first_bit(starts);
}

static struct mem_span *run_open(struct mem_chunks *chunks, struct mem_chunk *chunk, unsigned first,
                                 unsigned slices)
{
    take_slices(chunks, chunk, first, slices);
    struct mem_span *span = &chunk->spans[first - 1];
    set_distances(span, 0, slices);
    span->start = (unsigned char *)chunk + first * (size_t)mem_slice_size;
    return span;
}

struct mem_span *mem_run_take(struct mem_chunks *chunks, unsigned slices, unsigned stride)
{
    for (unsigned bin = bin_of(run_bits(0, slices)); bin < mem_chunk_bins; bin++) {
        struct list_node *head = &chunks->bins[bin];
        unsigned tries = chunks_tried;
        for (struct list_node *node = head->next; node != head && tries-- > 0; node = node->next) {
            struct mem_chunk *chunk = container_of(node, struct mem_chunk, link);
            unsigned first = find(chunk, slices, stride);
            if (first != 0)
                return run_open(chunks, chunk, first, slices);
        }
    }
    struct mem_chunk *chunk = chunk_make(chunks, slices, stride);
    if (chunk == NULL)
        return NULL;
    return run_open(chunks, chunk, find(chunk, slices, stride), slices);
}

void mem_run_give(struct mem_chunks *chunks, struct mem_span *span)
{
    give_slices(chunks, mem_chunk_of(span), (unsigned)mem_slice_of(span->start), span->slices);
}

bool mem_run_resize(struct mem_chunks *chunks, struct mem_span *span, unsigned slices)
{
    struct mem_chunk *chunk = mem_chunk_of(span);
    unsigned before = span->slices;
    unsigned first = (unsigned)mem_slice_of(span->start);
    if (first + slices > mem_chunk_slices)
        return false;
    if (slices > before) {
        uint64_t bits = run_bits(first + before, slices - before);
        if ((chunk->free & bits) != bits)
            return false;
        take_slices(chunks, chunk, first + before, slices - before);
        set_distances(span, before, slices);
    } else if (slices < before) {
        span->slices = (uint8_t)slices;
        give_slices(chunks, chunk, first + slices, before - slices);
    }
    return true;
}

void mem_run_zero(const struct mem_span *span, size_t size)
{
    uint64_t touched = mem_chunk_of(span)->touched >> mem_slice_of(span->start);
    for (size_t done = 0; done < size; done += mem_slice_size, touched >>= 1) {
        if ((touched & 1) != 0)
            memset(span->start + done, 0,
                   size - done < mem_slice_size ? size - done : mem_slice_size);
    }
}
