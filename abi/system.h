/*
 * What single system calls take. Source: the kernel's include/uapi/asm-generic/poll.h and
 * include/uapi/linux/resource.h (struct rlimit64).
 */
#ifndef KEEL_ABI_SYSTEM_H
#define KEEL_ABI_SYSTEM_H

#include "abi/abi.h"

struct abi_pollfd {
    int32_t descriptor;
    int16_t events;
    int16_t returned;
} __attribute__((packed, aligned(4)));
ABI_ASSERT_SIZE(struct abi_pollfd, 8);
ABI_ASSERT_OFFSET(struct abi_pollfd, descriptor, 0);
ABI_ASSERT_OFFSET(struct abi_pollfd, events, 4);
ABI_ASSERT_OFFSET(struct abi_pollfd, returned, 6);

struct abi_rlimit {
    uint64_t current;
    uint64_t maximum;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_rlimit, 16);
ABI_ASSERT_OFFSET(struct abi_rlimit, current, 0);
ABI_ASSERT_OFFSET(struct abi_rlimit, maximum, 8);

#endif
