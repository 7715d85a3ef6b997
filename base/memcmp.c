#include "base/memory.h"

int memcmp(const void *left, const void *right, size_t len)
{
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

int bcmp(const void *left, const void *right, size_t len)
{
    return memcmp(left, right, len);
}
