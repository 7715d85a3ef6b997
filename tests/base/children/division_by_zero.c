/* Divides 128-bit numbers by zero. */
#include "base/integer.h"

static volatile uint128 dividend = 10;
static volatile uint128 divisor;
static volatile uint128 result;

int main(void)
{
    result = dividend / divisor;
    return 0;
}
