/* 128-bit division: by the identity that defines it, and by known values. */
#include "base/integer.h"

#include "tests/random.h"
#include "tests/tap.h"

/* The C source that wide_divide.S replaces, under a name of its own. */
#define wide_divide portable_wide_divide
uint64_t portable_wide_divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder);
#include "base/wide_divide.c"
#undef wide_divide

static uint64_t random_state = random_seed;

static uint64_t random_word(void)
{
    return random_next_scrambled(&random_state);
}

/* Of all lengths, and often next to a power of two, where the estimates are at their worst. */
static uint128 random_number(void)
{
    uint128 number = (uint128)random_word() << 64 | random_word();
    unsigned shift = (unsigned)random_word() % 128;
    switch (random_word() % 4) {
    case 0:
        return number >> shift;
    case 1:
        return ((uint128)1 << shift) + (uint128)(random_word() % 5) - 2;
    case 2:
        return ~(uint128)0 >> shift << random_word() % 128;
    default:
        return number;
    }
}

static bool is_unsigned_division(uint128 dividend, uint128 divisor)
{
    volatile uint128 number = dividend;
    uint128 remainder;
    uint128 quotient = __udivmodti4(dividend, divisor, &remainder);
    return remainder < divisor && quotient * divisor + remainder == dividend &&
           (quotient == 0 || ~(uint128)0 / quotient >= divisor) && number / divisor == quotient &&
           number % divisor == remainder && __udivmodti4(dividend, divisor, NULL) == quotient;
}

static uint128 distance_from_zero(int128 number)
{
    return number < 0 ? 0 - (uint128)number : (uint128)number;
}

static bool is_signed_division(int128 dividend, int128 divisor)
{
    volatile int128 number = dividend;
    int128 remainder;
    int128 quotient = __divmodti4(dividend, divisor, &remainder);
    bool is_identity =
        (uint128)quotient * (uint128)divisor + (uint128)remainder == (uint128)dividend;
    bool has_signs = (remainder == 0 || (remainder < 0) == (dividend < 0)) &&
                     (quotient == 0 || (quotient < 0) == ((dividend < 0) != (divisor < 0)));
    return is_identity && has_signs &&
           distance_from_zero(remainder) < distance_from_zero(divisor) &&
           number / divisor == quotient && number % divisor == remainder &&
           __divmodti4(dividend, divisor, NULL) == quotient;
}

static bool is_wide_division(uint64_t high, uint64_t low, uint64_t divisor)
{
    uint64_t remainder;
    uint64_t portable_remainder;
    uint64_t quotient = wide_divide(high, low, divisor, &remainder);
    uint64_t portable = portable_wide_divide(high, low, divisor, &portable_remainder);
    return remainder < divisor && portable == quotient && portable_remainder == remainder &&
           (uint128)quotient * divisor + remainder == ((uint128)high << 64 | low);
}

static void test_identities(void)
{
    bool is_wide_right = true;
    bool is_unsigned_right = true;
    bool is_signed_right = true;
    const int128 lowest = (int128)((uint128)1 << 127);
    for (unsigned i = 0; i < 100000; i++) {
        uint128 dividend = random_number();
        uint128 divisor = random_number();
        uint64_t word = (uint64_t)divisor;
        if (word != 0)
            is_wide_right &=
                is_wide_division((uint64_t)(dividend >> 64) % word, (uint64_t)dividend, word);
        if (divisor == 0)
            continue;
        is_unsigned_right &= is_unsigned_division(dividend, divisor);
        if ((int128)dividend != lowest || (int128)divisor != -1)
            is_signed_right &= is_signed_division((int128)dividend, (int128)divisor);
    }
    check(is_wide_right, "two words by one: quotient * divisor + remainder is the dividend");
    check(is_unsigned_right, "unsigned: quotient * divisor + remainder is the dividend");
    check(is_signed_right, "signed: and the signs are C's");
}

static const uint128 all_ones = ~(uint128)0;

static void test_unsigned_values(void)
{
    const uint128 googol = (uint128)10000000000000000000u * 10000000000000000000u;
    check(__udivti3(all_ones, 1) == all_ones, "by 1");
    check(__udivti3(all_ones, all_ones) == 1 && __umodti3(all_ones, all_ones) == 0, "by itself");
    check(__udivti3(0, 7) == 0 && __umodti3(0, 7) == 0, "0 by anything");
    check(__udivti3(6, all_ones) == 0 && __umodti3(6, all_ones) == 6, "by a larger one");
    check(__udivti3(googol, 10000000000000000000u) == 10000000000000000000u, "10^38 by 10^19");
    check(__udivti3(all_ones, 10) == all_ones / 2 / 5, "by 10");
    check(__umodti3(all_ones, 10) == 5, "the last digit of 2^128 - 1");
    check(__udivti3((uint128)1 << 127, (uint128)1 << 64) == (uint128)1 << 63, "powers of two");
    check(__udivti3(all_ones, ((uint128)1 << 64) - 1) == ((uint128)1 << 64) + 1,
          "2^128 - 1 by 2^64 - 1");
    check(__udivti3(all_ones, ((uint128)1 << 64) + 1) == ((uint128)1 << 64) - 1,
          "2^128 - 1 by 2^64 + 1");
}

static void test_signed_values(void)
{
    const int128 lowest = (int128)((uint128)1 << 127);
    check(__divti3(7, 2) == 3 && __modti3(7, 2) == 1, "7 by 2");
    check(__divti3(-7, 2) == -3 && __modti3(-7, 2) == -1, "-7 by 2");
    check(__divti3(7, -2) == -3 && __modti3(7, -2) == 1, "7 by -2");
    check(__divti3(-7, -2) == 3 && __modti3(-7, -2) == -1, "-7 by -2");
    check(__divti3(lowest, 1) == lowest, "the lowest by 1");
    check(__divti3(lowest, -1) == lowest && __modti3(lowest, -1) == 0, "the lowest by -1");
    check(__divti3(lowest, lowest) == 1 && __modti3(lowest, lowest) == 0, "by itself");
    check(__divti3(lowest, 2) == lowest / 2, "the lowest by 2");
    check(__divti3(~lowest, lowest) == 0 && __modti3(~lowest, lowest) == ~lowest,
          "the highest by the lowest");
}

int main(void)
{
    test_identities();
    test_unsigned_values();
    test_signed_values();
    return tap_done();
}
