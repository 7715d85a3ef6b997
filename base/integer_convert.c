/*
 * To floating point: the value is cut to its highest 63 bits and its sign, which the machine
 * converts, and the result is multiplied by a power of two, which is exact. So the machine's
 * conversion is the only rounding. For it to come out as if it had seen the bits that were cut off,
 * the lowest bit that is left is set when one of them was: it lies 10 places below the last one
 * that a double keeps, so all it can do is to break a tie.
 *
 * From floating point: the fraction's bits, shifted by the exponent.
 */
#include "base/integer.h"

enum { double_fraction_bits = 52, double_exponent_bias = 1023, float_fraction_bits = 23 };
enum { float_exponent_bias = 127 };

static const int128 lowest = (int128)((uint128)1 << 127);

/* value = result * 2^*shift, but for the lowest bit of the result. */
static int64_t highest_bits(int128 value, int *shift)
{
    /* The bits that differ from the sign; one bit more holds the sign. */
    uint128 changes = (uint128)(value ^ value >> 127);
    uint64_t upper_changes = (uint64_t)(changes >> 64);
    *shift = 0;
    if (upper_changes == 0 && (int64_t)changes >= 0)
        return (int64_t)value;
    int needed = upper_changes == 0 ? 65 : 129 - __builtin_clzl(upper_changes);
    *shift = needed - 64;
    int64_t bits = (int64_t)(value >> *shift);
    bool is_cut = (int128)bits << *shift != value;
    return bits | is_cut;
}

/* Half the value, with the lowest bit set when a bit was lost: signed from here on. */
static int128 half(uint128 value)
{
    return (int128)(value >> 1 | (value & 1));
}

double __floattidf(int128 value)
{
    int shift;
    int64_t bits = highest_bits(value, &shift);
    union {
        uint64_t bits;
        double value;
    } power = {.bits = (uint64_t)(double_exponent_bias + shift) << double_fraction_bits};
    return (double)bits * power.value;
}

double __floatuntidf(uint128 value)
{
    if ((int128)value >= 0)
        return __floattidf((int128)value);
    return __floattidf(half(value)) * 2;
}

float __floattisf(int128 value)
{
    int shift;
    int64_t bits = highest_bits(value, &shift);
    union {
        uint32_t bits;
        float value;
    } power = {.bits = (uint32_t)(float_exponent_bias + shift) << float_fraction_bits};
    return (float)bits * power.value;
}

float __floatuntisf(uint128 value)
{
    if ((int128)value >= 0)
        return __floattisf((int128)value);
    return __floattisf(half(value)) * 2;
}

uint128 __fixunsdfti(double value)
{
    if (!(value >= 1))
        return 0;
    if (value >= 0x1p128)
        return ~(uint128)0;
    union {
        double value;
        uint64_t bits;
    } parts = {.value = value};
    int exponent = (int)(parts.bits >> double_fraction_bits) - double_exponent_bias;
    uint64_t one = (uint64_t)1 << double_fraction_bits;
    uint64_t fraction = one | (parts.bits & (one - 1));
    if (exponent <= double_fraction_bits)
        return fraction >> (double_fraction_bits - exponent);
    return (uint128)fraction << (exponent - double_fraction_bits);
}

int128 __fixdfti(double value)
{
    if (value >= 0x1p127)
        return ~lowest;
    if (value <= -0x1p127)
        return lowest;
    if (value < 0)
        return -(int128)__fixunsdfti(-value);
    return (int128)__fixunsdfti(value);
}

/* Every float is a double. */
uint128 __fixunssfti(float value)
{
    return __fixunsdfti((double)value);
}

int128 __fixsfti(float value)
{
    return __fixdfti((double)value);
}
