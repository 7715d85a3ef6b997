/* DWARF expressions, as far as unwind tables use them. Source: DWARF 5, 2.5. */
#ifndef KEEL_BACKTRACE_EXPRESSION_H
#define KEEL_BACKTRACE_EXPRESSION_H

#include "backtrace/probe.h"
#include "backtrace/reader.h"

/*
 * Computes the expression with the frame's registers; `initial`, unless NULL, lies on the stack of
 * values at the start. False: it asks for something unknown, or for memory that is not there.
 */
bool expression_compute(struct reader expression, const struct arch_registers *registers,
                        const uint64_t *initial, struct probe *probe, uint64_t *result);

#endif
