/*
 * Chunks: 4 MiB of address space at a multiple of 4 MiB, cut into 64 slices of 64 KiB. A span is a
 * run of slices in use: it holds blocks of one size class, or one block. What there is to know of a
 * span lies in its chunk's header, away from the blocks, where a write past a block's end does not
 * reach it and where a free finds it by arithmetic alone:
 *
 *     chunk = address rounded down to 4 MiB
 *     span  = the chunk's descriptor of the address's slice, less how far that is from the first
 *
 *     chunk        + 4 KiB                + 64 KiB            + 128 KiB
 *     | header     | never touched        | slice 1           | slice 2           | ...
 *     | owner, ... | spans[0] spans[1] ...|
 *
 * The same lookup serves a block with a mapping of its own (mapping.h), which has a header like
 * this one. Its block may be aligned to 4 MiB and more, and then lies at a chunk's border, where no
 * other block can lie: so it is known by that, and its header is 4 MiB below.
 *
 * Each slice of a chunk is one bit in three words; slice 0 is in none:
 *
 *     free       in no span
 *     dirty      free, and may hold memory that the kernel could have: a subset of free
 *     touched    was given back once since the chunk was mapped. A run whose slices were not is
 *                zero, but for what its present use wrote
 *
 * A chunk belongs to one heap. Only the heap's thread looks at anything in the header but `owner`,
 * which never changes, and what does not change of a span while a block of it is in use.
 *
 * A heap's chunks with free slices lie in bins by the length of their longest free run, so that a
 * run is found, or known not to be there, without a look at each chunk:
 *
 *     chunk is in bin b  <=>  2^b <= longest free run < 2^(b + 1)
 *
 * The smallest bin that can serve is taken first, which keeps long runs long and lets chunks run
 * empty. Free slices that are dirty are kept for the next run, up to a share of what is in use: a
 * first touch costs as much as hundreds of allocations. What is beyond it goes back, whole chunks
 * by unmapping and the others slice by slice.
 */
#ifndef KEEL_MEM_CHUNK_H
#define KEEL_MEM_CHUNK_H

#include "base/list.h"
#include "base/thread_block.h"
#include "mem/class.h"

enum {
    mem_slice_size = 64 * 1024,
    mem_chunk_slices = 64,
    mem_chunk_size = mem_chunk_slices * mem_slice_size,
    mem_chunk_bins = 6,
    mem_chunk_first_slices = 16, /* of the process's first chunk, which is shorter (chunk.c) */

    /* In place of a size class: one block; one block in a mapping of its own. */
    mem_class_run = mem_class_count,
    mem_class_mapping,
};

#define mem_chunk_magic UINT64_C(0x4b65656c6d656d21)

/* A block that is not in use. Its second word is written by the debug archive alone (check.h). */
struct mem_block {
    struct mem_block *next;
    uintptr_t mark;
};

/*
 * blocks = carved from the start on; the rest of the span was never touched
 * carved = in use (or on their way home) + in the free list
 * countdown: how many frees until the span needs more than a push to its list; see heap.h
 */
struct mem_span {
    _Alignas(arch_cache_line) struct mem_block *free;
    uint32_t countdown;
    uint32_t carved;
    uint32_t capacity;
    uint8_t class;
    uint8_t state;
    uint8_t slices;
    uint8_t distance; /* this slice's, from the first of its span; set in every slice of a run */
    size_t block_size;
    unsigned char *start;
    struct list_node link; /* in a heap's queue of its class */
};
_Static_assert(sizeof(struct mem_span) == arch_cache_line, "the descriptor of a span is one line");

struct mem_chunk {
    struct mem_heap *owner; /* NULL: a mapping for one block */
    uint64_t magic;
    uint64_t free;
    uint64_t dirty;
    uint64_t touched;
    struct list_node link;                       /* in a bin */
    uint64_t bin;                                /* mem_chunk_bins: in none */
    struct mem_span spans[mem_chunk_slices - 1]; /* of slices 1 ... */
};
_Static_assert(sizeof(struct mem_chunk) == arch_page_size, "the header of a chunk is one page");

/* A heap's chunks. All-zero but for `owner` and what mem_chunks_init sets. */
struct mem_chunks {
    struct mem_heap *owner;
    struct list_node bins[mem_chunk_bins];
    size_t count; /* chunks */
    size_t empty; /* chunks with all slices free */
    size_t used;  /* slices */
    size_t dirty; /* slices */
};

static inline struct mem_chunk *mem_chunk_of(const void *address)
{
    return (struct mem_chunk *)round_down((uintptr_t)address, mem_chunk_size);
}

/* Whether the address lies at a chunk's border, where only NULL and some mapped blocks lie. */
static inline bool mem_chunk_border(const void *address)
{
    return ((uintptr_t)address & (mem_chunk_size - 1)) == 0;
}

static inline size_t mem_slice_of(const void *address)
{
    return (uintptr_t)address / mem_slice_size % mem_chunk_slices;
}

/* The span of an address in `chunk`, its own. Not for a chunk's border. */
static inline struct mem_span *mem_chunk_span(struct mem_chunk *chunk, const void *address)
{
    struct mem_span *span = &chunk->spans[mem_slice_of(address) - 1];
    return span - span->distance;
}

/* The span of any block; not for NULL. */
static inline struct mem_span *mem_span_of(const void *ptr)
{
    if (unlikely(mem_chunk_border(ptr)))
        return &mem_chunk_of((const char *)ptr - mem_chunk_size)->spans[0];
    return mem_chunk_span(mem_chunk_of(ptr), ptr);
}

void mem_chunks_init(struct mem_chunks *chunks, struct mem_heap *owner);

/*
 * A run of `slices` whose first slice's number is a multiple of `stride`, a power of two; stride +
 * slices <= mem_chunk_slices. Of its span start, slices and distance are set. NULL: no memory.
 */
struct mem_span *mem_run_take(struct mem_chunks *chunks, unsigned slices, unsigned stride);

/* Gives the run back. Its chunk may be gone afterwards. */
void mem_run_give(struct mem_chunks *chunks, struct mem_span *span);

/* Makes the run longer or shorter (1 at least) where it is. False: the slices behind are taken. */
bool mem_run_resize(struct mem_chunks *chunks, struct mem_span *span, unsigned slices);

/*
 * Lets the kernel have free slices until no more than `kept` are dirty. From the longest runs down:
 * single slices are the first to be used again.
 */
void mem_chunks_discard(struct mem_chunks *chunks, size_t kept);

/* Zeroes the first `size` bytes of a run that nobody has written to since it was taken. */
void mem_run_zero(const struct mem_span *span, size_t size);

#endif
