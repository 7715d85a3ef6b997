/*
 * What an entry of the unwind table says about one instruction: how to find the caller's stack
 * pointer (the frame's CFA), and the caller's registers from there.
 */
#ifndef KEEL_BACKTRACE_RULES_H
#define KEEL_BACKTRACE_RULES_H

#include "backtrace/probe.h"
#include "backtrace/table.h"

enum rule_kind {
    RULE_SAME,          /* the caller's is still in the register */
    RULE_UNDEFINED,     /* it is lost; of the return address: the walk ends */
    RULE_AT_OFFSET,     /* it lies at cfa + value */
    RULE_IS_OFFSET,     /* it is cfa + value */
    RULE_IN_REGISTER,   /* it is in the register with number `value` */
    RULE_AT_EXPRESSION, /* it lies where the expression says, which gets the cfa */
    RULE_IS_EXPRESSION, /* it is what the expression says, which gets the cfa */
};

struct rules {
    /* The CFA: a register and an offset, unless there is an expression. */
    const unsigned char *cfa_expression;
    uint64_t cfa_register;
    int64_t cfa_offset;
    uint8_t kind[arch_register_count];
    int64_t value[arch_register_count]; /* of an expression: its address */
};

/* Follows the entry's instructions up to `address`. False: there is one that is unknown. */
bool rules_find(const struct table_entry *entry, uintptr_t address, struct rules *rules);

/* The CFA. False: it depends on memory that is not there. */
bool rules_cfa(const struct rules *rules, const struct arch_registers *registers,
               struct probe *probe, uint64_t *cfa);

/*
 * The caller's registers. A register that is lost keeps its value. False when one of those that
 * the walk goes on with could not be read.
 */
bool rules_apply(const struct rules *rules, const struct arch_registers *registers, uint64_t cfa,
                 struct probe *probe, struct arch_registers *caller);

#endif
