/*
 * x86-64: between 128-bit integers and long double, whose fraction has 64 bits. A word fits it
 * exactly and scaling is exact, so upper and lower word are converted apart and their sum is the
 * only rounding. Called by compilers alone (base/integer.h has the others of their kind).
 */
#include <stdint.h>

typedef __int128 int128;
typedef unsigned __int128 uint128;

long double __floattixf(int128 value);
long double __floatuntixf(uint128 value);
int128 __fixxfti(long double value);
uint128 __fixunsxfti(long double value);

long double __floattixf(int128 value)
{
    return (long double)(int64_t)(value >> 64) * 0x1p64L + (long double)(uint64_t)value;
}

long double __floatuntixf(uint128 value)
{
    return (long double)(uint64_t)(value >> 64) * 0x1p64L + (long double)(uint64_t)value;
}

uint128 __fixunsxfti(long double value)
{
    if (!(value >= 1))
        return 0;
    if (value >= 0x1p128L)
        return ~(uint128)0;
    uint64_t upper = (uint64_t)(value * 0x1p-64L);
    uint64_t lower = (uint64_t)(value - (long double)upper * 0x1p64L);
    return (uint128)upper << 64 | lower;
}

int128 __fixxfti(long double value)
{
    const int128 lowest = (int128)((uint128)1 << 127);
    if (value >= 0x1p127L)
        return ~lowest;
    if (value <= -0x1p127L)
        return lowest;
    if (value < 0)
        return -(int128)__fixunsxfti(-value);
    return (int128)__fixunsxfti(value);
}
