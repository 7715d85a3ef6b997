/*
 * Values of the floating-point control registers for tests, and what arithmetic does under them.
 * (The bits are x86-64's: rounding in MXCSR and in the x87 control word.)
 */
#ifndef KEEL_TESTS_FLOAT_CONTROLS_H
#define KEEL_TESTS_FLOAT_CONTROLS_H

#include "base/base.h"

enum float_rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP };

static inline uint64_t float_control_rounding(uint64_t control, enum float_rounding rounding)
{
    enum { sse_bit = 13, x87_bit = 32 + 10 };
    uint64_t field = 3;
    control &= ~(field << sse_bit | field << x87_bit);
    return control | (uint64_t)rounding << sse_bit | (uint64_t)rounding << x87_bit;
}

/* Division by zero is no longer masked, by the unit whose exceptions may come late. */
static inline uint64_t float_control_trapping(uint64_t control)
{
    enum { x87_zero_divide = 32 + 2 };
    return control & ~(UINT64_C(1) << x87_zero_divide);
}

/* ROUND_UP or ROUND_DOWN when that is how both units round now, else ROUND_NEAREST. */
static inline enum float_rounding float_rounding_seen(void)
{
    volatile double one = 1, three = 3, minus_one = -1;
    volatile long double long_one = 1, long_three = 3, long_minus_one = -1;
    double third = one / three, minus_third = minus_one / three;
    long double long_third = long_one / long_three;
    long double long_minus_third = long_minus_one / long_three;
    if (third + minus_third > 0 && long_third + long_minus_third > 0)
        return ROUND_UP;
    if (third + minus_third < 0 && long_third + long_minus_third < 0)
        return ROUND_DOWN;
    return ROUND_NEAREST;
}

/* Something inexact, by the unit whose flags are part of its control register. */
static inline void float_be_inexact(void)
{
    volatile double one = 1, three = 3;
    one = one / three;
}

/*
 * A division by zero that nobody has looked at yet. The numbers stay where they are: to remove them
 * would be to look. For processes that soon end.
 */
static inline void float_leave_pending(void)
{
    volatile long double zero = 0;
    __asm__ volatile("fld1\n\tfldt %0\n\tfdivrp" : : "m"(zero));
}

/* Where one that is not masked is raised, if the machine raises any. */
static inline void float_wait(void)
{
    __asm__ volatile("fwait");
}

#endif
