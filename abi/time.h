/* Time. Source: the kernel's include/uapi/linux/time_types.h. */
#ifndef KEEL_ABI_TIME_H
#define KEEL_ABI_TIME_H

#include "abi/abi.h"

struct abi_timespec {
    int64_t seconds;
    int64_t nanoseconds; /* 0 ... 999,999,999 */
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_timespec, 16);
ABI_ASSERT_OFFSET(struct abi_timespec, seconds, 0);
ABI_ASSERT_OFFSET(struct abi_timespec, nanoseconds, 8);

enum { abi_nanoseconds_per_second = 1000000000 };

#endif
