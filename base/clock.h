/*
 * CLOCK_MONOTONIC in nanoseconds: through the vDSO when the kernel maps one (found at the first
 * call, not before), else by system call. Times are absolute unless a name says otherwise.
 */
#ifndef KEEL_BASE_CLOCK_H
#define KEEL_BASE_CLOCK_H

#include "base/base.h"

#define CLOCK_FOREVER INT64_MAX

/* Now. Never fails, never goes back. From everywhere, a signal handler included. */
int64_t clock_now(void);

/* The deadline `ns` from now; CLOCK_FOREVER when the sum does not fit. */
int64_t clock_after(int64_t ns);

#endif
