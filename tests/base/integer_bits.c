/* Bit counts, against counting one by one. */
#include "base/integer.h"

#include "tests/tap.h"

static int count_one_by_one(uint64_t value)
{
    int count = 0;
    for (int i = 0; i < 64; i++)
        count += (int)(value >> i & 1);
    return count;
}

static int count_sign_copies(int64_t value)
{
    uint64_t bits = (uint64_t)value;
    int count = 0;
    while (count < 63 && (bits >> (62 - count) & 1) == bits >> 63)
        count++;
    return count;
}

int main(void)
{
    check_equal(__popcountdi2(0), 0, "no bit");
    check_equal(__popcountdi2(UINT64_MAX), 64, "all bits");
    check_equal(__clrsbdi2(0), 63, "0 is nothing but sign");
    check_equal(__clrsbdi2(-1), 63, "so is -1");
    check_equal(__clrsbdi2(INT64_MAX), 0, "the highest number needs all its bits");
    check_equal(__clrsbdi2(INT64_MIN), 0, "so does the lowest");
    uint64_t value = 1;
    bool is_population_right = true;
    bool is_sign_right = true;
    for (int i = 0; i < 20000; i++) {
        value = value * 6364136223846793005 + 1442695040888963407;
        uint64_t shorter = value >> i % 64;
        is_population_right &= __popcountdi2(shorter) == count_one_by_one(shorter);
        is_population_right &= __builtin_popcountl(value) == count_one_by_one(value);
        int64_t number = (int64_t)value >> i % 64;
        is_sign_right &= __clrsbdi2(number) == count_sign_copies(number);
    }
    check(is_population_right, "set bits");
    check(is_sign_right, "copies of the sign");
    return tap_done();
}
