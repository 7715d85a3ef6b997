/*
 * What the debug archive checks of a block that is given to keel_free and its kin: that it is a
 * block, that it begins there, and that it is in use. A block that is not in use carries a mark in
 * its second word, made from its address; it is removed when the block is handed out. Free runs
 * have no room for a mark and need none: their slices are free.
 *
 * Cheap, not complete: the second free of a mapped block finds no memory, and a block freed twice
 * with an allocation of it between is not noticed.
 */
#ifndef KEEL_MEM_CHECK_H
#define KEEL_MEM_CHECK_H

#include "mem/chunk.h"

#ifdef KEEL_DEBUG
enum { mem_checked = 1 };
#else
enum { mem_checked = 0 };
#endif

/* Panics, in the name of `where` in the program, unless `ptr` is a block in use. */
void mem_check_used(const void *ptr, const void *where);

/* Panics unless `size` may have been asked for when the block was made. */
void mem_check_size(const void *ptr, size_t size, const void *where);

/* The block is not in use any more. */
void mem_check_mark_free(struct mem_block *block);

/* The block is handed out. */
void mem_check_mark_used(struct mem_block *block);

#endif
