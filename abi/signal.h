/*
 * Signals: what rt_sigaction, sigaltstack and a handler exchange with the kernel.
 * Source: the kernel's include/uapi/asm-generic/{signal,siginfo,ucontext}.h and, for the machine
 * context, arch/<machine>/include/uapi/asm/sigcontext.h.
 */
#ifndef KEEL_ABI_SIGNAL_H
#define KEEL_ABI_SIGNAL_H

#include "abi/abi.h"
#include "machine/signal_context.h"

/* The kernel's sigset_t: bit n - 1 is signal n. */
typedef uint64_t abi_sigset;

struct abi_sigaction {
    uint64_t handler; /* a function, SIG_DFL (0) or SIG_IGN (1) */
    uint64_t flags;   /* SA_..., SA_RESTORER among them on x86-64 */
    uint64_t restorer;
    abi_sigset mask;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_sigaction, 32);
ABI_ASSERT_OFFSET(struct abi_sigaction, handler, 0);
ABI_ASSERT_OFFSET(struct abi_sigaction, flags, 8);
ABI_ASSERT_OFFSET(struct abi_sigaction, restorer, 16);
ABI_ASSERT_OFFSET(struct abi_sigaction, mask, 24);

struct abi_stack {
    uint64_t stack_pointer; /* the lowest address */
    int32_t flags;          /* SS_... */
    uint32_t padding;
    uint64_t size;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_stack, 24);
ABI_ASSERT_OFFSET(struct abi_stack, stack_pointer, 0);
ABI_ASSERT_OFFSET(struct abi_stack, flags, 8);
ABI_ASSERT_OFFSET(struct abi_stack, size, 16);

struct abi_siginfo {
    int32_t signal;
    int32_t error;
    int32_t code; /* > 0: the kernel's own, a fault; <= 0: someone sent it */
    uint32_t padding;
    union {
        struct {
            uint64_t address;
            int16_t address_lsb;
        } fault;
        struct {
            int32_t process;
            uint32_t user;
            uint64_t value;
        } sent;
        uint8_t bytes[112];
    } detail;
} ABI_PACKED;
ABI_ASSERT_SIZE(struct abi_siginfo, 128);
ABI_ASSERT_OFFSET(struct abi_siginfo, signal, 0);
ABI_ASSERT_OFFSET(struct abi_siginfo, error, 4);
ABI_ASSERT_OFFSET(struct abi_siginfo, code, 8);
ABI_ASSERT_OFFSET(struct abi_siginfo, detail.fault.address, 16);
ABI_ASSERT_OFFSET(struct abi_siginfo, detail.fault.address_lsb, 24);
ABI_ASSERT_OFFSET(struct abi_siginfo, detail.sent.process, 16);
ABI_ASSERT_OFFSET(struct abi_siginfo, detail.sent.user, 20);
ABI_ASSERT_OFFSET(struct abi_siginfo, detail.sent.value, 24);

struct abi_ucontext {
    uint64_t flags;
    uint64_t link;
    struct abi_stack stack;
    struct abi_machine_context machine;
    abi_sigset mask;
} ABI_PACKED;
ABI_ASSERT_OFFSET(struct abi_ucontext, flags, 0);
ABI_ASSERT_OFFSET(struct abi_ucontext, link, 8);
ABI_ASSERT_OFFSET(struct abi_ucontext, stack, 16);
ABI_ASSERT_OFFSET(struct abi_ucontext, machine, 40);

#endif
