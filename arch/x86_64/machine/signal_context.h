/*
 * x86-64: the interrupted registers in a signal frame (struct sigcontext of the kernel's
 * arch/x86/include/uapi/asm/sigcontext.h).
 */
#ifndef KEEL_MACHINE_SIGNAL_CONTEXT_H
#define KEEL_MACHINE_SIGNAL_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abi_machine_context {
#define SIGNAL_REGISTER(name) uint64_t name;
#include "signal_context.tbl"
#undef SIGNAL_REGISTER
    uint64_t flags;
    uint16_t cs, gs, fs, ss;
    uint64_t error; /* the processor's error code; qemu-user sets neither this nor trap */
    uint64_t trap;
    uint64_t old_mask;
    uint64_t fault_address;
    uint64_t floating_point; /* address of the saved floating-point state */
    uint64_t reserved[8];
} __attribute__((packed, aligned(8)));
_Static_assert(sizeof(struct abi_machine_context) == 256, "struct sigcontext is 256 bytes");
_Static_assert(offsetof(struct abi_machine_context, r15) == 56, "r15");
_Static_assert(offsetof(struct abi_machine_context, rdi) == 64, "rdi");
_Static_assert(offsetof(struct abi_machine_context, rbp) == 80, "rbp");
_Static_assert(offsetof(struct abi_machine_context, rsp) == 120, "rsp");
_Static_assert(offsetof(struct abi_machine_context, rip) == 128, "rip");
_Static_assert(offsetof(struct abi_machine_context, flags) == 136, "flags");
_Static_assert(offsetof(struct abi_machine_context, cs) == 144, "cs");
_Static_assert(offsetof(struct abi_machine_context, error) == 152, "err");
_Static_assert(offsetof(struct abi_machine_context, trap) == 160, "trapno");
_Static_assert(offsetof(struct abi_machine_context, old_mask) == 168, "oldmask");
_Static_assert(offsetof(struct abi_machine_context, fault_address) == 176, "cr2");
_Static_assert(offsetof(struct abi_machine_context, floating_point) == 184, "fpstate");

/* Where the interrupted code was, and its stack: what portable code asks of the context. */
static inline uint64_t machine_context_pc(const struct abi_machine_context *context)
{
    return context->rip;
}

static inline uint64_t machine_context_sp(const struct abi_machine_context *context)
{
    return context->rsp;
}

/* Whether an emulator interrupted it (qemu-user): it has no trap number to tell. */
static inline bool machine_context_is_emulated(const struct abi_machine_context *context)
{
    return context->trap == UINT64_MAX;
}

#endif
