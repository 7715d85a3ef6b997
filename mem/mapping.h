/*
 * Mapped blocks: too large for a chunk, or aligned so that no chunk can hold them. Each has a
 * mapping, which begins with a chunk's header of which spans[0] describes the block:
 *
 *     4 MiB border                 block
 *     | header | never touched     | ...                 end of the mapping
 *     '------------- offset -------'
 *
 * offset = the larger of 64 KiB and the alignment, up to 4 MiB: there it is enough, since the
 * border that the header lies at can be chosen.
 *
 * No heap owns such a block and no list links it. Of the header's words only these are used:
 *
 *     free     1: a heap keeps the block for its next one (heap.h)
 *     touched  1: it was in use before, so it is not known to be zero
 */
#ifndef KEEL_MEM_MAPPING_H
#define KEEL_MEM_MAPPING_H

#include "mem/chunk.h"

/* At least `size` bytes at a multiple of `alignment`, a power of two. NULL: no memory. */
void *mem_mapping_make(size_t size, size_t alignment);

/* Whether a block that is kept serves for another one: neither too small nor twice too large. */
bool mem_mapping_serves(const struct mem_span *span, size_t size, size_t alignment);

/* Unmaps the block. From every thread. */
void mem_mapping_free(struct mem_span *span);

/*
 * Gives the block another size: where it is or, when something lies behind it, by moving its pages,
 * not its bytes. Returns where it is now, or NULL when all is as it was.
 */
void *mem_mapping_resize(struct mem_span *span, size_t size);

#endif
