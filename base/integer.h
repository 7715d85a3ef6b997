/*
 * What compilers call behind one's back for integers wider than the machine's words: the names and
 * the results are libgcc's, because the compilers know them. gcc 12 and clang 14 call these, and no
 * other of their kind, for x86-64 without instruction set extensions, at any optimisation level:
 *
 *   integer_divide.c    128-bit division (gcc asks for quotient and remainder together)
 *   integer_bits.c      counting bits (gcc only; clang inlines it)
 *   integer_convert.c   between 128-bit integers and float or double
 *   wide_divide.c       two words by one: the step that a machine may have an instruction for
 *
 * A machine adds what its long double needs. Not here, though compilers may ask for it: gcc's
 * -ftrapv, multiplication and division of complex numbers, powi, decimal, half and quadruple
 * floating point.
 */
#ifndef KEEL_BASE_INTEGER_H
#define KEEL_BASE_INTEGER_H

#include "base/base.h"

typedef __int128 int128;
typedef unsigned __int128 uint128;

/*
 * Divides high * 2^64 + low by `divisor`. Pre-condition: high < divisor, so that the quotient fits.
 * Not one of the compilers' names.
 */
uint64_t wide_divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *remainder);

/*
 * Quotients are rounded towards zero; a remainder has the dividend's sign. The lowest number
 * divided by -1 is itself, with remainder 0. Division by zero is what the machine makes of it for a
 * word.
 */
uint128 __udivti3(uint128 dividend, uint128 divisor);
uint128 __umodti3(uint128 dividend, uint128 divisor);
uint128 __udivmodti4(uint128 dividend, uint128 divisor, uint128 *remainder);
int128 __divti3(int128 dividend, int128 divisor);
int128 __modti3(int128 dividend, int128 divisor);
int128 __divmodti4(int128 dividend, int128 divisor, int128 *remainder);

/* How many bits are set. How many bits after the highest are equal to it. */
int __popcountdi2(uint64_t value);
int __clrsbdi2(int64_t value);

/* Rounded once, in the mode that is set (to nearest, ties to even, unless the program changed it).
 */
double __floattidf(int128 value);
double __floatuntidf(uint128 value);
float __floattisf(int128 value);
float __floatuntisf(uint128 value);

/*
 * Rounded towards zero. What does not fit is undefined in C; here it gives the nearest number that
 * does, and a NaN gives 0.
 */
int128 __fixdfti(double value);
uint128 __fixunsdfti(double value);
int128 __fixsfti(float value);
uint128 __fixunssfti(float value);

#endif
