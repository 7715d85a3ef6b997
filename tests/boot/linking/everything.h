/* What the two files of the program have in common. */
#ifndef TESTS_BOOT_LINKING_EVERYTHING_H
#define TESTS_BOOT_LINKING_EVERYTHING_H

#include <stdint.h>

long twice(long number);
long negated(long number);
long chosen(long number); /* indirect: 1000 more */
extern long (*chosen_pointer)(long);
int resolver_calls(void);

enum { many_count = 200 };
extern const int *const many[many_count]; /* the numbers from 0 up */

extern _Thread_local int64_t other_number;
extern _Thread_local unsigned char aligned_values[256];
int64_t read_other_number(void);

#endif
