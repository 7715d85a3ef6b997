/*
 * Threads. Source: the kernel's include/uapi/linux/sched.h (clone_args since Linux 5.3;
 * set_tid 5.5, cgroup 5.7).
 */
#ifndef KEEL_ABI_THREAD_H
#define KEEL_ABI_THREAD_H

#include "abi/abi.h"

struct abi_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_clone_args, 88);
ABI_ASSERT_OFFSET(struct abi_clone_args, flags, 0);
ABI_ASSERT_OFFSET(struct abi_clone_args, pidfd, 8);
ABI_ASSERT_OFFSET(struct abi_clone_args, child_tid, 16);
ABI_ASSERT_OFFSET(struct abi_clone_args, parent_tid, 24);
ABI_ASSERT_OFFSET(struct abi_clone_args, exit_signal, 32);
ABI_ASSERT_OFFSET(struct abi_clone_args, stack, 40);
ABI_ASSERT_OFFSET(struct abi_clone_args, stack_size, 48);
ABI_ASSERT_OFFSET(struct abi_clone_args, tls, 56);
ABI_ASSERT_OFFSET(struct abi_clone_args, set_tid, 64);
ABI_ASSERT_OFFSET(struct abi_clone_args, set_tid_size, 72);
ABI_ASSERT_OFFSET(struct abi_clone_args, cgroup, 80);

#endif
