/*
 * abi/: the kernel's structures, as the kernel reads and writes them (a C library's often differ).
 *
 *   signal.h   sigaction, stack_t, siginfo_t, ucontext_t and, by machine, its register context
 *   thread.h   clone_args
 *   time.h     timespec, and what waits take
 *   system.h   pollfd, rlimit
 *
 * Each structure is packed, so that no compiler's idea of alignment enters, and each size and
 * offset is a _Static_assert; tests/abi/ holds them against the kernel's own UAPI headers. Numbers
 * and flags are taken from those headers; what they are too old to know is defined here, with the
 * kernel version that brought it. (x86-64: the kernel's sigaction has 32 bytes; 152 is glibc's.)
 *
 * What may not enter: code, and any header but the kernel's and arch/'s.
 */
#ifndef KEEL_ABI_H
#define KEEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#define ABI_PACKED __attribute__((packed, aligned(8)))

#define ABI_ASSERT_SIZE(type, size)                                                                \
    _Static_assert(sizeof(type) == (size), #type " is " #size " bytes")
#define ABI_ASSERT_OFFSET(type, member, offset)                                                    \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " is at " #offset)

#endif
