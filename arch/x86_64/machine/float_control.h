/*
 * x86-64: the floating-point control registers. MXCSR rules SSE arithmetic, the control word the
 * x87's. A call preserves what rules in them (exception masks, rounding, precision, flushing of
 * denormals) and may change what only reports: the exception flags, six in MXCSR and the x87's
 * status word (System V ABI, x86-64 supplement, 3.2.3).
 *
 * As one number: MXCSR in bits 0 ... 31, the control word in bits 32 ... 47.
 */
#ifndef KEEL_MACHINE_FLOAT_CONTROL_H
#define KEEL_MACHINE_FLOAT_CONTROL_H

#include <stdint.h>

/*
 * With the wait that an x87 exception makes which is unmasked and pending: it belongs to who runs
 * now.
 */
static inline uint64_t arch_float_control_read(void)
{
    uint32_t sse;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfstcw %1" : "=m"(sse), "=m"(x87));
    return (uint64_t)x87 << 32 | sse;
}

/*
 * The x87's flags are cleared first: one that is up from before under a mask would be an exception
 * as soon as the new word has no such mask.
 */
static inline void arch_float_control_write(uint64_t control)
{
    uint32_t sse = (uint32_t)control;
    uint16_t x87 = (uint16_t)(control >> 32);
    __asm__ volatile("fnclex\n\tfldcw %1\n\tldmxcsr %0" : : "m"(sse), "m"(x87));
}

/* What a call preserves of it: the same without MXCSR's exception flags. */
static inline uint64_t arch_float_control_rules(uint64_t control)
{
    enum { exception_flags = 0x3f };
    return control & ~(uint64_t)exception_flags;
}

#endif
