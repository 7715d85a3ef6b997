/*
 * Refusals: from here on the kernel answers a system call with an error, as a sandbox does, by a
 * seccomp filter that the process puts on itself. A refusal cannot be taken back, so it belongs
 * into a process of its own (forked.h, or a child program). The threads that are made afterwards
 * have it too; so have those that are there already.
 *
 * Not under an emulator, which knows no filters: refusals_work() says so.
 */
#ifndef KEEL_TESTS_REFUSE_H
#define KEEL_TESTS_REFUSE_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "abi/system.h"
#include "arch/arch.h"
#include "base/base.h"

#define REFUSE_LOAD(field)                                                                         \
    {                                                                                              \
        BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, field)             \
    }
#define REFUSE_UNLESS(value, skipped)                                                              \
    {                                                                                              \
        BPF_JMP | BPF_JEQ | BPF_K, 0, (skipped), (uint32_t)(value)                                 \
    }
#define REFUSE_END(result)                                                                         \
    {                                                                                              \
        BPF_RET | BPF_K, 0, 0, (uint32_t)(result)                                                  \
    }
#define REFUSE_ANSWER(error) (SECCOMP_RET_ERRNO | ((uint32_t)(error)&SECCOMP_RET_DATA))

static inline bool refuse_install(const struct sock_filter *filter, size_t count)
{
    struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)(uintptr_t)filter};
    arch_syscall5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return arch_syscall3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                         (long)&program) == 0;
}

/* Every call of the number gets -error. False: there are no filters here. */
static inline bool refuse_syscall(long number, int error)
{
    const struct sock_filter filter[] = {
        REFUSE_LOAD(nr),
        REFUSE_UNLESS(number, 1),
        REFUSE_END(REFUSE_ANSWER(error)),
        REFUSE_END(SECCOMP_RET_ALLOW),
    };
    return refuse_install(filter, sizeof filter / sizeof *filter);
}

/* Only the calls whose argument (0 ... 5) has this value, in its lower 32 bits. */
static inline bool refuse_syscall_when(long number, unsigned argument, uint32_t value, int error)
{
    struct sock_filter filter[] = {
        REFUSE_LOAD(nr),         REFUSE_UNLESS(number, 3),         REFUSE_LOAD(args),
        REFUSE_UNLESS(value, 1), REFUSE_END(REFUSE_ANSWER(error)), REFUSE_END(SECCOMP_RET_ALLOW),
    };
    filter[2].k += argument * (uint32_t)sizeof(uint64_t);
    return refuse_install(filter, sizeof filter / sizeof *filter);
}

/* The guards of slots (mem/slots.h), as an older kernel does. */
static inline bool refuse_slots(int error)
{
    return refuse_syscall_when(__NR_process_madvise, 3, abi_madv_guard_install, error) &&
           refuse_syscall_when(__NR_madvise, 2, abi_madv_guard_install, error);
}

/* Whether a refusal takes: tried on a call that nobody needs, with an error that it never gives. */
static inline bool refusals_work(void)
{
    enum { none_of_its_own = EXDEV };
    return refuse_syscall(__NR_getpgrp, none_of_its_own) &&
           arch_syscall0(__NR_getpgrp) == -none_of_its_own;
}

#endif
