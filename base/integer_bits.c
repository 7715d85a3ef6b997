#include "base/integer.h"

/*
 * Sums of neighbours: of bits in pairs, of pairs in fours, of fours in bytes; the multiplication
 * adds the bytes up in the highest one. Not __builtin_popcount, which would call this function.
 */
int __popcountdi2(uint64_t value)
{
    value -= value >> 1 & 0x5555555555555555;
    value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)(value * 0x0101010101010101 >> 56);
}

int __clrsbdi2(int64_t value)
{
    /* Bits that differ from the sign: those of a negative number inverted. */
    uint64_t changes = (uint64_t)(value < 0 ? ~value : value);
    return changes == 0 ? 63 : __builtin_clzl(changes) - 1;
}
