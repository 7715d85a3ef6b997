/* What a machine without assembly for it gets: memory_set.c on the C source in base/. */
#define memset portable_memset

#include "base/memset.c"
#include "tests/base/memory_set.c"
