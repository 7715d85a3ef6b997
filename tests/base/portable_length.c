/* What a machine without assembly for it gets: memory_length.c on the C source in base/. */
#define strlen portable_strlen

#include "base/strlen.c"
#include "tests/base/memory_length.c"
