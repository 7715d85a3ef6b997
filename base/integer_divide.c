#include "base/integer.h"

static uint64_t high_word(uint128 value)
{
    return (uint64_t)(value >> 64);
}

/* By one word. A divisor of 0 meets the machine's own division first. */
static uint128 divide_by_word(uint128 dividend, uint64_t divisor, uint128 *remainder)
{
    uint64_t upper = high_word(dividend);
    uint64_t upper_quotient = 0;
    if (upper >= divisor) {
        upper_quotient = upper / divisor;
        upper %= divisor;
    }
    uint64_t rest;
    uint64_t quotient = wide_divide(upper, (uint64_t)dividend, divisor, &rest);
    *remainder = rest;
    return (uint128)upper_quotient << 64 | quotient;
}

/*
 * By two words: the quotient is one word. Divisor and dividend are scaled so that the divisor's
 * upper word has its highest bit set and the dividend is halved; the quotient by that word alone,
 * scaled back, is right or 1 too large. So 1 is taken off, and given back if the remainder shows
 * it. (Warren, Hacker's Delight, 9-5, "unsigned doubleword division".)
 */
static uint128 divide_by_two_words(uint128 dividend, uint128 divisor, uint128 *remainder)
{
    int shift = __builtin_clzl(high_word(divisor));
    uint128 half = dividend >> 1;
    uint64_t rest;
    uint64_t quotient =
        wide_divide(high_word(half), (uint64_t)half, high_word(divisor << shift), &rest);
    quotient = quotient >> (63 - shift);
    if (quotient > 0)
        quotient--;
    uint128 left = dividend - quotient * divisor;
    if (left >= divisor) {
        left -= divisor;
        quotient++;
    }
    *remainder = left;
    return quotient;
}

static uint128 divide(uint128 dividend, uint128 divisor, uint128 *remainder)
{
    if (high_word(divisor) == 0)
        return divide_by_word(dividend, (uint64_t)divisor, remainder);
    return divide_by_two_words(dividend, divisor, remainder);
}

uint128 __udivti3(uint128 dividend, uint128 divisor)
{
    uint128 remainder;
    return divide(dividend, divisor, &remainder);
}

uint128 __umodti3(uint128 dividend, uint128 divisor)
{
    uint128 remainder;
    divide(dividend, divisor, &remainder);
    return remainder;
}

uint128 __udivmodti4(uint128 dividend, uint128 divisor, uint128 *remainder)
{
    uint128 rest;
    uint128 quotient = divide(dividend, divisor, &rest);
    if (remainder != NULL)
        *remainder = rest;
    return quotient;
}

/* The lowest number is its own negative, whose unsigned reading is its magnitude. */
static uint128 magnitude(int128 value)
{
    return value < 0 ? 0 - (uint128)value : (uint128)value;
}

static int128 with_sign(uint128 value, bool is_negative)
{
    return (int128)(is_negative ? 0 - value : value);
}

int128 __divmodti4(int128 dividend, int128 divisor, int128 *remainder)
{
    uint128 rest;
    uint128 quotient = divide(magnitude(dividend), magnitude(divisor), &rest);
    if (remainder != NULL)
        *remainder = with_sign(rest, dividend < 0);
    return with_sign(quotient, (dividend < 0) != (divisor < 0));
}

int128 __divti3(int128 dividend, int128 divisor)
{
    return __divmodti4(dividend, divisor, NULL);
}

int128 __modti3(int128 dividend, int128 divisor)
{
    int128 remainder;
    __divmodti4(dividend, divisor, &remainder);
    return remainder;
}
