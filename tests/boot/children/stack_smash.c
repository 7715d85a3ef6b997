/* Compiled with the stack protector: writes past a local array, and must not come back from it. */
#include "base/base.h"

static volatile size_t too_much = 64;

static __attribute__((noinline)) int smash(void)
{
    volatile unsigned char local[16];
    for (size_t i = 0; i < too_much; i++)
        local[i] = 0x41;
    return local[0];
}

int main(void)
{
    return smash();
}
