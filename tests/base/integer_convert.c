/*
 * Between 128-bit integers and floating point, by the compiler's own casts: against rounding done
 * with integers alone, and by values known from the standard's rules.
 */
#include "base/integer.h"

#include "tests/random.h"
#include "tests/tap.h"

static uint64_t random_state = 1181783497276652981;

static uint64_t random_word(void)
{
    return random_next_scrambled(&random_state);
}

/* Of all lengths, often a tie between two floating-point numbers or next to one. */
static uint128 random_number(int fraction_bits)
{
    uint128 number = ((uint128)random_word() << 64 | random_word()) >> random_word() % 128;
    if (random_word() % 2 == 0)
        return number;
    unsigned shift = (unsigned)random_word() % (unsigned)(128 - fraction_bits);
    uint128 fraction = random_word() >> (63 - fraction_bits); /* one bit more than fits */
    return (fraction << shift) + (uint128)(random_word() % 3) - 1;
}

static int length_of(uint128 value)
{
    int bits = 0;
    for (; value != 0; value >>= 1)
        bits++;
    return bits;
}

/* To the nearest number of `fraction_bits` bits, ties to the even one; *overflows: it is 2^128. */
static uint128 rounded(uint128 value, int fraction_bits, bool *overflows)
{
    *overflows = false;
    int excess = length_of(value) - fraction_bits;
    if (excess <= 0)
        return value;
    uint128 unit = (uint128)1 << excess;
    uint128 rest = value & (unit - 1);
    uint128 result = value - rest;
    bool is_odd = (result & unit) != 0;
    if (rest > unit / 2 || (rest == unit / 2 && is_odd))
        result += unit;
    *overflows = result < value - rest;
    return result;
}

/* The integer that a floating-point number >= 1 is, read from its bits. */
static uint128 integer_of(double number)
{
    union {
        double number;
        uint64_t bits;
    } parts = {.number = number};
    if (number == 0)
        return 0;
    int exponent = (int)(parts.bits >> 52 & 0x7ff) - 1075;
    uint128 fraction = (parts.bits & 0xfffffffffffff) | 0x10000000000000;
    return exponent < 0 ? fraction >> -exponent : fraction << exponent;
}

static bool converts_unsigned(uint128 value)
{
    volatile uint128 number = value;
    bool overflows;
    uint128 wanted = rounded(value, 53, &overflows);
    double as_double = (double)number;
    bool passed = overflows ? as_double == 0x1p128 : integer_of(as_double) == wanted;
    wanted = rounded(value, 24, &overflows);
    float as_float = (float)number;
    return passed &&
           (overflows ? as_float > 0x1.fffffep127f : integer_of((double)as_float) == wanted);
}

static bool converts_signed(int128 value)
{
    volatile int128 number = value;
    uint128 magnitude = value < 0 ? 0 - (uint128)value : (uint128)value;
    double sign = value < 0 ? -1 : 1;
    bool overflows;
    return integer_of((double)number * sign) == rounded(magnitude, 53, &overflows) &&
           integer_of((double)(float)number * sign) == rounded(magnitude, 24, &overflows);
}

static void test_to_floating_point(void)
{
    bool is_unsigned_right = true;
    bool is_signed_right = true;
    for (int i = 0; i < 50000; i++) {
        uint128 value = random_number(i % 2 == 0 ? 53 : 24);
        is_unsigned_right &= converts_unsigned(value);
        is_signed_right &= converts_signed((int128)value);
    }
    check(is_unsigned_right, "unsigned to float and double, rounded to nearest, ties to even");
    check(is_signed_right, "signed to float and double, rounded to nearest, ties to even");
}

static void test_known_values(void)
{
    volatile uint128 number = ~(uint128)0;
    check((double)number == 0x1p128, "2^128 - 1 rounds to 2^128");
    check((float)number > 0x1.fffffep127f, "which a float does not have: infinity");
    number = (((uint128)1 << 53) + 1) << 60;
    check((double)number == 0x1p113, "a tie goes to the even neighbour below");
    number += 1;
    check((double)number == 0x1p113 + 0x1p61, "one bit far below breaks it");
    number = (((uint128)1 << 53) + 3) << 60;
    check((double)number == 0x1p113 + 0x1p62, "a tie goes to the even neighbour above");
    volatile int128 lowest = (int128)((uint128)1 << 127);
    check((double)lowest == -0x1p127 && (float)lowest == -0x1p127f, "the lowest number");
    volatile int128 one = -1;
    check((double)one == -1.0 && (float)one == -1.0f, "-1");
    one = 0;
    check((double)one == 0.0 && 1 / (double)one > 0, "0 is not -0");
}

static void test_from_floating_point(void)
{
    bool is_double_right = true;
    bool is_float_right = true;
    for (int i = 0; i < 50000; i++) {
        union {
            uint64_t bits;
            double value;
        } number = {.bits = (1020 + random_word() % 130) << 52 | random_word() >> 12};
        volatile double as_double = number.value;
        if (number.value < 0x1p127)
            is_double_right &= (int128)as_double == (int128)integer_of(number.value) &&
                               (int128)-as_double == -(int128)integer_of(number.value);
        if (number.value < 0x1p128)
            is_double_right &= (uint128)as_double == integer_of(number.value);
        volatile float as_float = (float)number.value;
        if (number.value < 0x1p126)
            is_float_right &= (int128)-as_float == -(int128)integer_of((double)as_float) &&
                              (uint128)as_float == integer_of((double)as_float);
    }
    check(is_double_right, "double to integers, towards zero");
    check(is_float_right, "float to integers, towards zero");
}

static void test_limits(void)
{
    const int128 lowest = (int128)((uint128)1 << 127);
    double nan = __builtin_nan("");
    double infinity = __builtin_inf();
    check(__fixdfti(-0x1p127) == lowest, "-2^127 fits");
    check(__fixdfti(0x1p127) == ~lowest && __fixdfti(infinity) == ~lowest, "2^127 does not");
    check(__fixdfti(-infinity) == lowest && __fixdfti(nan) == 0, "neither does minus infinity");
    check(__fixunsdfti(0x1p128) == ~(uint128)0 && __fixunsdfti(nan) == 0, "nor 2^128, unsigned");
    check(__fixunsdfti(-0.75) == 0 && __fixdfti(-0.75) == 0, "-0.75 is cut to 0");
    check(__fixsfti(-0x1p127f) == lowest && __fixunssfti(0x1p127f) == (uint128)1 << 127, "float");
}

/* A long double holds 64 bits at least. */
static void test_long_double(void)
{
    bool passed = true;
    for (int i = 0; i < 20000; i++) {
        uint128 value = (uint128)random_word() << random_word() % 65 >> random_word() % 64;
        int excess = length_of(value) - 64;
        if (excess > 0)
            value = value >> excess << excess;
        volatile uint128 number = value;
        volatile long double as_long = (long double)number;
        passed &= (uint128)as_long == value;
        volatile int128 signed_number = -(int128)(value >> 1);
        as_long = (long double)signed_number;
        passed &= (int128)as_long == signed_number;
    }
    check(passed, "long double and back");
    volatile uint128 all_ones = ~(uint128)0;
    check((long double)all_ones >= 0x1.fffffffffffffffep127L, "2^128 - 1");
    const int128 lowest = (int128)((uint128)1 << 127);
    volatile long double large = 0x1p127L;
    check((int128)large == ~lowest && (int128)-large == lowest, "2^127 and its negative");
    check((uint128)large == (uint128)1 << 127 && (uint128)-large == 0, "and unsigned");
    large = 0x1p128L;
    check((uint128)large == ~(uint128)0 && (int128)large == ~lowest, "2^128 is too large");
    large = (long double)__builtin_inf();
    check((uint128)large == ~(uint128)0 && (int128)-large == lowest, "so is infinity");
    large = (long double)__builtin_nan("");
    check((uint128)large == 0, "no number is 0");
    volatile long double fraction = -1e19L - 0.5L;
    check((int128)fraction == -(int128)10000000000000000000u, "towards zero");
}

int main(void)
{
    test_to_floating_point();
    test_known_values();
    test_from_floating_point();
    test_limits();
    test_long_double();
    return tap_done();
}
