/*
 * The instructions of an entry build the table of rules row by row, in the order of addresses; the
 * row that holds at an address is what they have built when they pass it. Rules start as the shared
 * header's instructions leave them.
 *
 * Rules can be remembered and restored, nested. A remembered row is kept by recursion: the
 * instructions after a DW_CFA_remember_state run in a call of their own, until the restore. So only
 * entries that do it pay for it with stack, and never with much.
 *
 * Source: DWARF 5, 6.4.2; for DW_CFA_GNU_..., binutils' include/dwarf2.def.
 */
#include "backtrace/rules.h"

#include "backtrace/expression.h"

/* DW_CFA_...: the first three have an operand in their low six bits. */
enum {
    CFA_ADVANCE = 0x40,
    CFA_OFFSET = 0x80,
    CFA_RESTORE = 0xc0,
    operand_mask = 0x3f,
    CFA_NOP = 0x00,
    CFA_SET_ADDRESS = 0x01,
    CFA_ADVANCE1 = 0x02,
    CFA_ADVANCE2 = 0x03,
    CFA_ADVANCE4 = 0x04,
    CFA_OFFSET_EXTENDED = 0x05,
    CFA_RESTORE_EXTENDED = 0x06,
    CFA_UNDEFINED = 0x07,
    CFA_SAME_VALUE = 0x08,
    CFA_REGISTER = 0x09,
    CFA_REMEMBER = 0x0a,
    CFA_RESTORE_REMEMBERED = 0x0b,
    CFA_DEF_CFA = 0x0c,
    CFA_DEF_CFA_REGISTER = 0x0d,
    CFA_DEF_CFA_OFFSET = 0x0e,
    CFA_DEF_CFA_EXPRESSION = 0x0f,
    CFA_EXPRESSION = 0x10,
    CFA_OFFSET_SIGNED = 0x11,
    CFA_DEF_CFA_SIGNED = 0x12,
    CFA_DEF_CFA_OFFSET_SIGNED = 0x13,
    CFA_VALUE_OFFSET = 0x14,
    CFA_VALUE_OFFSET_SIGNED = 0x15,
    CFA_VALUE_EXPRESSION = 0x16,
    CFA_GNU_ARGUMENTS_SIZE = 0x2e,
    CFA_GNU_OFFSET_NEGATIVE = 0x2f,
};

enum { most_remembered = 8 };

struct run {
    const struct table_entry *entry;
    const struct rules *initial; /* NULL while they are being made */
    struct rules *rules;
    struct reader code;
    uintptr_t at;     /* the rules hold from here */
    uintptr_t target; /* the address that is asked for */
    bool failed;
};

static void set_rule(struct run *run, uint64_t number, enum rule_kind kind, int64_t value)
{
    /* Others than the general registers are not followed. */
    if (number >= arch_register_count)
        return;
    run->rules->kind[number] = (uint8_t)kind;
    run->rules->value[number] = value;
}

static void restore_rule(struct run *run, uint64_t number)
{
    if (number >= arch_register_count)
        return;
    if (run->initial == NULL)
        run->failed = true;
    else
        set_rule(run, number, run->initial->kind[number], run->initial->value[number]);
}

/* An expression's address, with its length before it; the reader passes over both. */
static const unsigned char *read_expression(struct run *run)
{
    const unsigned char *start = run->code.at;
    reader_skip(&run->code, reader_leb(&run->code));
    return start;
}

/* The reverse: only called for what was read once. */
static struct reader expression_at(const unsigned char *start)
{
    enum { longest_leb = 10 };
    struct reader reader = {.at = start, .end = start + longest_leb};
    uint64_t len = reader_leb(&reader);
    return (struct reader){.at = reader.at, .end = reader.at + len};
}

static void define_cfa(struct run *run, uint64_t number, int64_t offset)
{
    run->rules->cfa_expression = NULL;
    run->rules->cfa_register = number;
    run->rules->cfa_offset = offset;
}

/* Multiplication that may wrap: the table may be nonsense. */
static int64_t scaled(struct run *run, uint64_t number)
{
    return (int64_t)(number * (uint64_t)run->entry->data_alignment);
}

static uint64_t leb(struct run *run)
{
    return reader_leb(&run->code);
}

static uint64_t signed_leb(struct run *run)
{
    return (uint64_t)reader_signed_leb(&run->code);
}

static void define_the_cfa(struct run *run, uint8_t operation)
{
    struct rules *rules = run->rules;
    uint64_t number;
    switch (operation) {
    case CFA_DEF_CFA:
        number = leb(run);
        define_cfa(run, number, (int64_t)leb(run));
        break;
    case CFA_DEF_CFA_SIGNED:
        number = leb(run);
        define_cfa(run, number, scaled(run, signed_leb(run)));
        break;
    case CFA_DEF_CFA_REGISTER:
        define_cfa(run, leb(run), rules->cfa_offset);
        break;
    case CFA_DEF_CFA_OFFSET:
        define_cfa(run, rules->cfa_register, (int64_t)leb(run));
        break;
    case CFA_DEF_CFA_OFFSET_SIGNED:
        define_cfa(run, rules->cfa_register, scaled(run, signed_leb(run)));
        break;
    case CFA_DEF_CFA_EXPRESSION:
        rules->cfa_expression = read_expression(run);
        break;
    case CFA_GNU_ARGUMENTS_SIZE:
        leb(run);
        break;
    case CFA_NOP:
        break;
    default:
        run->failed = true;
    }
}

static void define_rule(struct run *run, uint8_t operation)
{
    uint64_t number;
    switch (operation) {
    case CFA_OFFSET_EXTENDED:
        number = leb(run);
        set_rule(run, number, RULE_AT_OFFSET, scaled(run, leb(run)));
        break;
    case CFA_OFFSET_SIGNED:
        number = leb(run);
        set_rule(run, number, RULE_AT_OFFSET, scaled(run, signed_leb(run)));
        break;
    case CFA_GNU_OFFSET_NEGATIVE:
        number = leb(run);
        set_rule(run, number, RULE_AT_OFFSET, scaled(run, 0 - leb(run)));
        break;
    case CFA_VALUE_OFFSET:
        number = leb(run);
        set_rule(run, number, RULE_IS_OFFSET, scaled(run, leb(run)));
        break;
    case CFA_VALUE_OFFSET_SIGNED:
        number = leb(run);
        set_rule(run, number, RULE_IS_OFFSET, scaled(run, signed_leb(run)));
        break;
    case CFA_REGISTER:
        number = leb(run);
        set_rule(run, number, RULE_IN_REGISTER, (int64_t)leb(run));
        break;
    case CFA_EXPRESSION:
        number = leb(run);
        set_rule(run, number, RULE_AT_EXPRESSION, (intptr_t)read_expression(run));
        break;
    case CFA_VALUE_EXPRESSION:
        number = leb(run);
        set_rule(run, number, RULE_IS_EXPRESSION, (intptr_t)read_expression(run));
        break;
    case CFA_UNDEFINED:
        set_rule(run, leb(run), RULE_UNDEFINED, 0);
        break;
    case CFA_SAME_VALUE:
        set_rule(run, leb(run), RULE_SAME, 0);
        break;
    case CFA_RESTORE_EXTENDED:
        restore_rule(run, leb(run));
        break;
    default:
        define_the_cfa(run, operation);
    }
}

/* Returns false when the row that holds at the target is complete. */
static bool advance_to(struct run *run, uintptr_t address)
{
    if (address > run->target)
        return false;
    run->at = address;
    return true;
}

static bool advance(struct run *run, uint64_t units)
{
    return advance_to(run, run->at + units * run->entry->code_alignment);
}

static bool is_advance(uint8_t operation)
{
    return operation >= CFA_SET_ADDRESS && operation <= CFA_ADVANCE4;
}

static bool advance_by(struct run *run, uint8_t operation)
{
    uintptr_t address;
    if (operation != CFA_SET_ADDRESS)
        return advance(run, reader_number(&run->code, (size_t)1 << (operation - CFA_ADVANCE1)));
    if (!table_read_address(&run->code, run->entry->encoding, 0, &address))
        run->failed = true;
    return advance_to(run, address);
}

/* How a run of instructions ended. */
enum ending { ENDED, REACHED_TARGET, RESTORED };

static enum ending execute(struct run *run, unsigned remembered);

/* Runs up to the matching restore, and restores. */
static enum ending execute_remembered(struct run *run, unsigned remembered)
{
    struct rules saved = *run->rules;
    if (remembered == most_remembered)
        run->failed = true;
    else if (execute(run, remembered + 1) == RESTORED)
        *run->rules = saved;
    else
        return REACHED_TARGET;
    return ENDED;
}

static enum ending execute(struct run *run, unsigned remembered)
{
    while (reader_has_more(&run->code) && !run->failed) {
        uint8_t operation = reader_byte(&run->code);
        uint8_t operand = operation & operand_mask;
        switch (operation & ~operand_mask) {
        case CFA_ADVANCE:
            if (!advance(run, operand))
                return REACHED_TARGET;
            continue;
        case CFA_OFFSET:
            set_rule(run, operand, RULE_AT_OFFSET, scaled(run, leb(run)));
            continue;
        case CFA_RESTORE:
            restore_rule(run, operand);
            continue;
        default:
            break;
        }
        if (is_advance(operation)) {
            if (!advance_by(run, operation))
                return REACHED_TARGET;
        } else if (operation == CFA_REMEMBER) {
            if (execute_remembered(run, remembered) == REACHED_TARGET)
                return REACHED_TARGET;
        } else if (operation == CFA_RESTORE_REMEMBERED) {
            if (remembered > 0)
                return RESTORED;
            run->failed = true;
        } else {
            define_rule(run, operation);
        }
    }
    return ENDED;
}

bool rules_find(const struct table_entry *entry, uintptr_t address, struct rules *rules)
{
    *rules = (struct rules){.cfa_register = arch_register_count};
    /* The caller's stack pointer is the CFA, unless a rule says otherwise. */
    rules->kind[arch_register_sp] = RULE_IS_OFFSET;
    struct run run = {
        .entry = entry,
        .rules = rules,
        .code = entry->initial,
        .at = entry->start,
        .target = address,
    };
    execute(&run, 0);
    run.failed |= run.code.failed;
    struct rules initial = *rules;
    run.initial = &initial;
    run.code = entry->instructions;
    execute(&run, 0);
    return !run.failed && !run.code.failed;
}

bool rules_cfa(const struct rules *rules, const struct arch_registers *registers,
               struct probe *probe, uint64_t *cfa)
{
    if (rules->cfa_expression != NULL)
        return expression_compute(expression_at(rules->cfa_expression), registers, NULL, probe,
                                  cfa);
    if (rules->cfa_register >= arch_register_count)
        return false;
    *cfa = registers->value[rules->cfa_register] + (uint64_t)rules->cfa_offset;
    return true;
}

/* One register of the caller; *value is its value in this frame, and stays when it is lost. */
static bool apply_rule(const struct rules *rules, unsigned number,
                       const struct arch_registers *registers, uint64_t cfa, struct probe *probe,
                       uint64_t *value)
{
    int64_t operand = rules->value[number];
    uint64_t address = cfa + (uint64_t)operand;
    switch (rules->kind[number]) {
    case RULE_AT_OFFSET:
        return probe_read(probe, address, sizeof *value, value);
    case RULE_IS_OFFSET:
        *value = address;
        return true;
    case RULE_IN_REGISTER:
        if ((uint64_t)operand >= arch_register_count)
            return false;
        *value = registers->value[operand];
        return true;
    case RULE_AT_EXPRESSION:
        return expression_compute(expression_at((const unsigned char *)operand), registers, &cfa,
                                  probe, &address) &&
               probe_read(probe, address, sizeof *value, value);
    case RULE_IS_EXPRESSION:
        return expression_compute(expression_at((const unsigned char *)operand), registers, &cfa,
                                  probe, value);
    default: /* RULE_SAME, RULE_UNDEFINED */
        return true;
    }
}

static bool walk_needs(unsigned number)
{
    return number == arch_register_pc || number == arch_register_sp;
}

bool rules_apply(const struct rules *rules, const struct arch_registers *registers, uint64_t cfa,
                 struct probe *probe, struct arch_registers *caller)
{
    *caller = *registers;
    for (unsigned i = 0; i < arch_register_count; i++) {
        if (!apply_rule(rules, i, registers, cfa, probe, &caller->value[i]) && walk_needs(i))
            return false;
    }
    return true;
}
