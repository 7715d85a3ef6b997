/* What a machine without assembly for it gets: memory_copy.c on the C source in base/. */
#define memcpy  portable_memcpy
#define memmove portable_memmove

#include "base/memcpy.c"
#include "base/memmove.c"
#include "tests/base/memory_copy.c"
