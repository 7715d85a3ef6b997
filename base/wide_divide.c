/*
 * For machines without an instruction for it: long division by hand, with half words as digits.
 * (Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D, for a quotient of two
 * digits.)
 */
#include "base/integer.h"

enum { digit_bits = 32 };

/*
 * One digit: divides rest * 2^32 + next by a divisor whose highest bit is set. Guessed from the
 * divisor's upper half, which gives at most 2 too much. Pre-condition: *rest < divisor.
 */
static uint64_t divide_digit(uint64_t *rest, uint64_t next, uint64_t divisor)
{
    uint64_t upper = divisor >> digit_bits;
    uint64_t lower = (uint32_t)divisor;
    uint64_t digit = *rest / upper;
    uint64_t left = *rest % upper;
    while (digit * lower > (left << digit_bits | next)) {
        digit--;
        left += upper;
        if (left >> digit_bits != 0)
            break;
    }
    *rest = (*rest << digit_bits | next) - digit * divisor;
    return digit;
}

uint64_t wide_divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder)
{
    /* Scaled, so that the divisor's upper half says as much as it can. */
    int shift = __builtin_clzl(divisor);
    if (shift > 0)
        high = high << shift | low >> (64 - shift);
    low <<= shift;
    divisor <<= shift;
    uint64_t upper_digit = divide_digit(&high, low >> digit_bits, divisor);
    uint64_t lower_digit = divide_digit(&high, (uint32_t)low, divisor);
    *remainder = high >> shift;
    return upper_digit << digit_bits | lower_digit;
}
