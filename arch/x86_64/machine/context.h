/*
 * x86-64: what arch_context_switch leaves on the stack of who is switched away from, made from
 * context.tbl. The pointer that it saves points to this structure, and the caller's frame begins
 * behind it: that is where a walk of a parked task's stack starts.
 */
#ifndef KEEL_MACHINE_CONTEXT_H
#define KEEL_MACHINE_CONTEXT_H

#include <stdint.h>

#include "machine/registers.h"

struct machine_saved_context {
#define CONTEXT_FIELD(name) uint64_t name;
#include "context.tbl"
#undef CONTEXT_FIELD
};

static inline void arch_registers_from_context(struct arch_registers *registers,
                                               const struct machine_saved_context *context)
{
#define CONTEXT_FIELD(name) registers->value[ARCH_REGISTER_##name] = context->name;
#include "context.tbl"
#undef CONTEXT_FIELD
    registers->value[arch_register_sp] = (uintptr_t)(context + 1);
}

#endif
