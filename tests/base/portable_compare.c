/* What a machine without assembly for it gets: memory_compare.c on the C source in base/. */
#define memcmp portable_memcmp
#define bcmp   portable_bcmp

#include "base/memcmp.c"
#include "tests/base/memory_compare.c"
