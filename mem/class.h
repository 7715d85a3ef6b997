/*
 * Size classes: which block serves which size.
 *
 *     16, 32, ... 128, 144, ... 256, 288, ... 512, 576, ... 1024, ... up to 64 KiB
 *
 * Steps of 16 up to 128, from there eight steps a doubling. So
 *   - a power of two is a class of its own;
 *   - above 128 less than an eighth of a block is wasted;
 *   - a size that is a multiple of 2^k gets a class that is one: where the steps are no larger than
 *     2^k the size is a class itself, and where they are larger every class is a multiple of them.
 *     Spans begin at multiples of 64 KiB, so the blocks of such a class are aligned to 2^k.
 *
 * Four steps would halve the number of classes and double the waste. A class that is not used costs
 * two words in a heap; one that is used costs at least a page.
 */
#ifndef KEEL_MEM_CLASS_H
#define KEEL_MEM_CLASS_H

#include "base/base.h"

enum {
    mem_class_count = 80,
    mem_class_largest = 64 * 1024,
};

/* `size` is 1 ... mem_class_largest. Without a branch: sizes that vary would mispredict it. */
static inline unsigned mem_class_of(size_t size)
{
    size_t last = size - 1;
    unsigned highest_bit = 63 - (unsigned)__builtin_clzl(last | 128);
    return (highest_bit - 7) * 8 + (unsigned)(last >> (highest_bit - 3));
}

/* The size of a class's blocks. */
static inline size_t mem_class_size(unsigned class)
{
    if (class < 8)
        return (class + 1) * (size_t)16;
    return (class % 8 + 9) * ((size_t)8 << (class / 8));
}

#endif
