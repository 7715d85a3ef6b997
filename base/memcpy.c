#include "base/memory.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    while (len-- > 0)
        *target++ = *source++;
    return to;
}
