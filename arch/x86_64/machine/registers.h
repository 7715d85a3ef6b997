/*
 * x86-64: the general registers, indexed by their DWARF numbers, as unwind tables name them; and
 * what a walk over frames has to know of the machine.
 */
#ifndef KEEL_MACHINE_REGISTERS_H
#define KEEL_MACHINE_REGISTERS_H

#include <stdint.h>

#include "machine/signal_context.h"

enum arch_register {
#define ARCH_REGISTER(name) ARCH_REGISTER_##name,
#include "registers.tbl"
#undef ARCH_REGISTER
    arch_register_count,

    arch_register_pc = ARCH_REGISTER_rip,
    arch_register_sp = ARCH_REGISTER_rsp,
    arch_register_frame = ARCH_REGISTER_rbp, /* where code keeps its frame pointer */
};

struct arch_registers {
    uint64_t value[arch_register_count];
};

/* For reports. (Not pointers: those would be relocations in a static PIE.) */
static const char arch_register_names[arch_register_count][4] __attribute__((unused)) = {
#define ARCH_REGISTER(name) #name,
#include "registers.tbl"
#undef ARCH_REGISTER
};

/* The registers that a signal interrupted. */
static inline void arch_registers_from_signal(struct arch_registers *registers,
                                              const struct abi_machine_context *context)
{
#define ARCH_REGISTER(name) registers->value[ARCH_REGISTER_##name] = context->name;
#include "registers.tbl"
#undef ARCH_REGISTER
}

/*
 * Frames of code that keeps a frame pointer: it points to the caller's frame pointer, the return
 * address lies above that, and above the return address the caller's stack goes on.
 */
enum {
    arch_frame_saved = 0,
    arch_frame_return = 8,
    arch_frame_size = 16,
};

/* A call pushes its return address: it is on top of the stack when a function is entered. */
enum { arch_call_pushes = 8 };

/*
 * Of code that keeps a frame pointer, interrupted at the instruction that begins with `bytes`: how
 * many bytes lie above the return address (the saved frame pointer, or nothing) when its frame is
 * not made yet or is already gone; -1 when the frame is complete.
 */
static inline int arch_frame_pushed(uint64_t bytes)
{
    enum { landing_mark = 0xfa1e0ff3u, push_rbp = 0x55, return_near = 0xc3 };
    enum { mov_rsp_rbp = 0xe58948, mov_rsp_rbp_other = 0xec8b48 };
    if ((uint32_t)bytes == landing_mark || (uint8_t)bytes == push_rbp ||
        (uint8_t)bytes == return_near)
        return 0;
    uint32_t three = bytes & 0xffffff;
    return three == mov_rsp_rbp || three == mov_rsp_rbp_other ? 8 : -1;
}

/*
 * Whether a function that begins with these 8 bytes makes a frame at once. Compilers leave it out
 * of functions that call nothing, even where frame pointers are asked for: there the return address
 * is on top of the stack.
 */
static inline int arch_makes_frame(uint64_t first)
{
    enum {
        landing_mark = 0xfa1e0ff3u,
        push_and_mov = 0xe5894855u,
        push_and_mov_other = 0xec8b4855u
    };
    uint32_t start = (uint32_t)first;
    if (start == landing_mark)
        start = (uint32_t)(first >> 32);
    return start == push_and_mov || start == push_and_mov_other;
}

#endif
