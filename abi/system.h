/*
 * What single system calls take. Source: the kernel's include/uapi/asm-generic/poll.h and
 * include/uapi/linux/resource.h (struct rlimit64), include/uapi/linux/uio.h (struct iovec); of
 * kernels later than the headers may be: include/uapi/asm-generic/mman-common.h and
 * include/uapi/linux/pidfd.h.
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

struct abi_memory_range {
    uint64_t start;
    uint64_t size;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_memory_range, 16);
ABI_ASSERT_OFFSET(struct abi_memory_range, start, 0);
ABI_ASSERT_OFFSET(struct abi_memory_range, size, 8);

enum {
    abi_madv_guard_install = 102, /* Linux 6.13 */
    abi_pidfd_self = -10000,      /* the calling thread (and its process); Linux 6.14 */
};

#endif
