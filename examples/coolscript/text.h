/*
 * Text, as the example programs make it: appended at a place in memory, which moves on. The caller
 * provides room for what it appends.
 */
#ifndef EXAMPLES_TEXT_H
#define EXAMPLES_TEXT_H

#include "runtime.h"

static inline char *append_text(char *at, const char *text)
{
    while (*text != '\0')
        *at++ = *text++;
    return at;
}

static inline char *append_number(char *at, int64_t number)
{
    if (number >= 10)
        at = append_number(at, number / 10);
    *at = (char)('0' + number % 10);
    return at + 1;
}

#endif
