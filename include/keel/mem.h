/*
 * keel/mem.h: the default allocator.
 *
 * May be called from every thread and before `main`; never parks; not from a signal handler. A
 * block may be freed by another task, on another worker, than allocated it. Blocks are 16-byte
 * aligned; a size of 0 is treated as 1. Out of memory, and a product that overflows, is NULL.
 *
 * Undefined: freeing a block twice, or a pointer that none of these calls returned.
 */
#ifndef KEEL_MEM_H
#define KEEL_MEM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes, uninitialised. The caller owns the block until it gives it to keel_free. */
void *keel_alloc(size_t size);

/* count * size bytes, all zero. */
void *keel_alloc_zeroed(size_t count, size_t size);

/* As keel_alloc, at a multiple of `alignment`, a power of two (else NULL). */
void *keel_alloc_aligned(size_t size, size_t alignment);

/*
 * Changes a block's size, moving it when it must; keeps the bytes up to the smaller size. NULL
 * `ptr` allocates. On NULL the old block is as it was. An alignment over 16 is not kept.
 */
void *keel_realloc(void *ptr, size_t size);

/* Frees a block. NULL does nothing. */
void keel_free(void *ptr);

/* As keel_free; `size` is what was last asked for, whichever call made the block. */
void keel_free_sized(void *ptr, size_t size);

/* How many bytes of the block may be used: at least what was asked for. 0 for NULL. */
size_t keel_usable_size(const void *ptr);

#ifdef __cplusplus
}
#endif

#endif
