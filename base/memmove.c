#include <stdint.h>

#include "base/memory.h"

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    if ((uintptr_t)target - (uintptr_t)source >= len) {
        for (size_t i = 0; i < len; i++)
            target[i] = source[i];
    } else {
        while (len-- > 0)
            target[len] = source[len];
    }
    return to;
}
