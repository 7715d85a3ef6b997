/*
 * mem/: memory from the kernel, task stacks, and the default allocator (keel/mem.h).
 *
 *   pages.h    mappings: what this room asks the kernel for
 *   stack.h    task stacks
 *   slots.h    those of them that take no mapping each
 *   stack_sizes.h  stacks of other sizes
 *   packed.h   stacks of 1, 2 and 4 KiB, several to a page
 *   touched.h  how deep a stack was used
 *   class.h    size classes: which block serves which size
 *   chunk.h    4 MiB from the kernel, cut into slices; runs of slices, found and given back
 *   mapping.h  blocks too large for a chunk: a mapping each
 *   heap.h     a thread's heap: spans of equal blocks, and how blocks come home from other threads
 *   check.h    what the debug archive checks of a block that comes back
 *   alloc.c    keel_alloc and its kin, keel_free; the fast paths
 *   realloc.c  keel_realloc
 *
 * Everything here works from the first instruction after the thread pointer is set, needs no start
 * and no end, and never parks.
 *
 * What may not enter: anything that knows of tasks, workers or signals; headers other than those of
 * base/, abi/, arch/ and include/.
 */
#ifndef KEEL_MEM_MEM_H
#define KEEL_MEM_MEM_H

/*
 * Takes in what other threads freed of the calling thread's blocks and gives empty memory back. For
 * a thread that is about to sleep; with nothing to do it costs a few loads.
 */
void mem_heap_collect(void);

/*
 * Leaves the calling thread's heap, with the blocks that are still in use, to the next thread that
 * needs one. For a thread that is about to end. (It may go on allocating: it gets a heap again.)
 */
void mem_heap_release(void);

/*
 * The same for another thread that sleeps, with its heap: the caller has cleared `heap` in that
 * one's thread block, and the thread will see that before it allocates again.
 */
struct mem_heap;
void mem_heap_hand_on(struct mem_heap *heap);

#endif
