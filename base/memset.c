#include "base/memory.h"

void *memset(void *to, int byte, size_t len)
{
    unsigned char *target = to;
    while (len-- > 0)
        *target++ = (unsigned char)byte;
    return to;
}
