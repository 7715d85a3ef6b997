/*
 * base/: what every room stands on.
 *
 *   atomic.h        the only way to touch memory that another thread touches
 *   lock.h          the one lock word: held for a few instructions, never across a system call
 *   list.h          the one intrusive list
 *   thread_block.h  what the thread pointer points to
 *   process.h       what the kernel handed over at the start: arguments, environment, auxv
 *   line.h          the one place that formats numbers, and writes whole lines
 *   panic.h         the last words of a program that cannot go on
 *   output.h        all bytes of one call to a descriptor, together
 *   clock.h         CLOCK_MONOTONIC, through the vDSO when there is one
 *   vdso.h          functions that the kernel maps into the process
 *   integer.h       128-bit arithmetic and bit counts, which compilers call
 *   options.h       the table of KEEL_ variables
 *   file.h          files of the system that the runtime reads for itself
 *   memory.h        memcpy and what else compilers call behind one's back
 *
 * What may not enter: anything that allocates, parks, or needs a relocation, and any header but
 * those of abi/ and arch/. What is here works before the thread pointer is set, unless it says
 * otherwise, and in a signal handler.
 */
#ifndef KEEL_BASE_H
#define KEEL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

/* The structure of `type` in which `member` lies at `pointer`. */
#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/*
 * Of variables that a program needs before it does anything, and that are zero at first: they lie
 * side by side, because each page that is touched costs a start microseconds. (The second is for
 * one of which only the beginning is needed at once.)
 */
#define TOUCHED_AT_START       __attribute__((section(".bss.touched_at_start")))
#define BEGIN_TOUCHED_AT_START __attribute__((section(".bss.touched_at_start_begin")))

/* Of functions that run seldom, in a file whose others are hot: small before fast. */
#ifdef __clang__
#define SELDOM __attribute__((cold, minsize))
#else
#define SELDOM __attribute__((cold))
#endif

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

static inline size_t round_up(size_t value, size_t power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline size_t round_down(size_t value, size_t power_of_two)
{
    return value & ~(power_of_two - 1);
}

#endif
