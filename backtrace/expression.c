#include "backtrace/expression.h"

/* DW_OP_... */
enum {
    OP_ADDR = 0x03,
    OP_DEREF = 0x06,
    OP_CONST1U = 0x08,
    OP_CONST1S = 0x09,
    OP_CONST2U = 0x0a,
    OP_CONST2S = 0x0b,
    OP_CONST4U = 0x0c,
    OP_CONST4S = 0x0d,
    OP_CONST8U = 0x0e,
    OP_CONST8S = 0x0f,
    OP_CONSTU = 0x10,
    OP_CONSTS = 0x11,
    OP_DUP = 0x12,
    OP_DROP = 0x13,
    OP_OVER = 0x14,
    OP_PICK = 0x15,
    OP_SWAP = 0x16,
    OP_ROT = 0x17,
    OP_ABS = 0x19,
    OP_AND = 0x1a,
    OP_DIV = 0x1b,
    OP_MINUS = 0x1c,
    OP_MOD = 0x1d,
    OP_MUL = 0x1e,
    OP_NEG = 0x1f,
    OP_NOT = 0x20,
    OP_OR = 0x21,
    OP_PLUS = 0x22,
    OP_PLUS_UCONST = 0x23,
    OP_SHL = 0x24,
    OP_SHR = 0x25,
    OP_SHRA = 0x26,
    OP_XOR = 0x27,
    OP_BRA = 0x28,
    OP_EQ = 0x29,
    OP_GE = 0x2a,
    OP_GT = 0x2b,
    OP_LE = 0x2c,
    OP_LT = 0x2d,
    OP_NE = 0x2e,
    OP_SKIP = 0x2f,
    OP_LIT0 = 0x30,
    OP_LIT31 = 0x4f,
    OP_BREG0 = 0x70,
    OP_BREG31 = 0x8f,
    OP_BREGX = 0x92,
    OP_DEREF_SIZE = 0x94,
    OP_NOP = 0x96,
};

enum {
    most_values = 16,
    most_steps = 1000, /* an expression may branch backwards */
};

struct machine {
    struct reader code;
    const unsigned char *start;
    const struct arch_registers *registers;
    struct probe *probe;
    bool failed;
    uint8_t depth;
    uint64_t values[most_values];
};

static void push(struct machine *machine, uint64_t value)
{
    if (machine->depth == most_values)
        machine->failed = true;
    else
        machine->values[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
    if (machine->depth == 0) {
        machine->failed = true;
        return 0;
    }
    return machine->values[--machine->depth];
}

/* The value that lies `below` the top one. */
static void pick(struct machine *machine, unsigned below)
{
    if (below >= machine->depth)
        machine->failed = true;
    else
        push(machine, machine->values[machine->depth - 1 - below]);
}

static void load(struct machine *machine, size_t size)
{
    uint64_t value = 0;
    uintptr_t address = pop(machine);
    if (machine->failed || size == 0 || size > sizeof value ||
        !probe_read(machine->probe, address, size, &value))
        machine->failed = true;
    push(machine, value);
}

static void push_register(struct machine *machine, uint64_t number)
{
    int64_t offset = reader_signed_leb(&machine->code);
    if (number >= arch_register_count)
        machine->failed = true;
    else
        push(machine, machine->registers->value[number] + (uint64_t)offset);
}

static void jump(struct machine *machine, int64_t distance)
{
    const unsigned char *from = machine->code.at;
    if (distance < machine->start - from || distance > machine->code.end - from)
        machine->failed = true;
    else
        machine->code.at = from + distance;
}

/* Three values turn: the top one becomes the third. */
static void rotate(struct machine *machine)
{
    uint64_t top = pop(machine), second = pop(machine), third = pop(machine);
    push(machine, top);
    push(machine, third);
    push(machine, second);
}

static uint64_t divide(struct machine *machine, int64_t left, int64_t right)
{
    if (right == 0) {
        machine->failed = true;
        return 0;
    }
    return right == -1 ? 0 - (uint64_t)left : (uint64_t)(left / right);
}

static uint64_t of_two(struct machine *machine, uint8_t operation, uint64_t left, uint64_t right)
{
    int64_t signed_left = (int64_t)left, signed_right = (int64_t)right;
    switch (operation) {
    case OP_AND:
        return left & right;
    case OP_OR:
        return left | right;
    case OP_XOR:
        return left ^ right;
    case OP_PLUS:
        return left + right;
    case OP_MINUS:
        return left - right;
    case OP_MUL:
        return left * right;
    case OP_DIV:
        return divide(machine, signed_left, signed_right);
    case OP_MOD:
        machine->failed |= right == 0;
        return right == 0 ? 0 : left % right;
    case OP_SHL:
        return right < 64 ? left << right : 0;
    case OP_SHR:
        return right < 64 ? left >> right : 0;
    case OP_SHRA:
        /* cppcheck-suppress shiftTooManyBitsSigned */
        return (uint64_t)(signed_left >> (right < 64 ? right : 63));
    case OP_EQ:
        return left == right;
    case OP_NE:
        return left != right;
    case OP_GE:
        return signed_left >= signed_right;
    case OP_GT:
        return signed_left > signed_right;
    case OP_LE:
        return signed_left <= signed_right;
    case OP_LT:
        return signed_left < signed_right;
    default:
        machine->failed = true;
        return 0;
    }
}

static void step_of_two(struct machine *machine, uint8_t operation)
{
    uint64_t right = pop(machine), left = pop(machine);
    push(machine, of_two(machine, operation, left, right));
}

/* Constants have sizes 1, 2, 4, 8, each unsigned and signed, in this order of their numbers. */
static void push_constant(struct machine *machine, uint8_t operation)
{
    size_t size = (size_t)1 << (operation - OP_CONST1U) / 2;
    if ((operation - OP_CONST1U) % 2 == 0)
        push(machine, reader_number(&machine->code, size));
    else
        push(machine, (uint64_t)reader_signed(&machine->code, size));
}

/* What only moves values about. False for all other operations. */
static bool step_of_stack(struct machine *machine, uint8_t operation)
{
    uint64_t value, other;
    switch (operation) {
    case OP_DUP:
        pick(machine, 0);
        return true;
    case OP_OVER:
        pick(machine, 1);
        return true;
    case OP_PICK:
        pick(machine, reader_byte(&machine->code));
        return true;
    case OP_DROP:
        pop(machine);
        return true;
    case OP_SWAP:
        value = pop(machine);
        other = pop(machine);
        push(machine, value);
        push(machine, other);
        return true;
    case OP_ROT:
        rotate(machine);
        return true;
    default:
        return false;
    }
}

static void step(struct machine *machine)
{
    struct reader *code = &machine->code;
    uint8_t operation = reader_byte(code);
    int64_t distance;
    uint64_t value;
    if (operation >= OP_LIT0 && operation <= OP_LIT31) {
        push(machine, operation - OP_LIT0);
        return;
    }
    if (operation >= OP_BREG0 && operation <= OP_BREG31) {
        push_register(machine, operation - OP_BREG0);
        return;
    }
    if (operation >= OP_CONST1U && operation <= OP_CONST8S) {
        push_constant(machine, operation);
        return;
    }
    if (step_of_stack(machine, operation))
        return;
    switch (operation) {
    case OP_ADDR:
        push(machine, reader_number(code, 8));
        break;
    case OP_CONSTU:
        push(machine, reader_leb(code));
        break;
    case OP_CONSTS:
        push(machine, (uint64_t)reader_signed_leb(code));
        break;
    case OP_BREGX:
        push_register(machine, reader_leb(code));
        break;
    case OP_DEREF:
        load(machine, 8);
        break;
    case OP_DEREF_SIZE:
        load(machine, reader_byte(code));
        break;
    case OP_ABS:
        value = pop(machine);
        push(machine, (int64_t)value < 0 ? 0 - value : value);
        break;
    case OP_NEG:
        push(machine, 0 - pop(machine));
        break;
    case OP_NOT:
        push(machine, ~pop(machine));
        break;
    case OP_PLUS_UCONST:
        push(machine, pop(machine) + reader_leb(code));
        break;
    case OP_SKIP:
        jump(machine, reader_signed(code, 2));
        break;
    case OP_BRA:
        distance = reader_signed(code, 2);
        if (pop(machine) != 0)
            jump(machine, distance);
        break;
    case OP_NOP:
        break;
    default:
        step_of_two(machine, operation);
    }
}

bool expression_compute(struct reader expression, const struct arch_registers *registers,
                        const uint64_t *initial, struct probe *probe, uint64_t *result)
{
    /* (Not by one initialiser: that would clear the values.) */
    struct machine machine;
    machine.code = expression;
    machine.start = expression.at;
    machine.registers = registers;
    machine.probe = probe;
    machine.failed = expression.failed;
    machine.depth = 0;
    if (initial != NULL)
        push(&machine, *initial);
    for (unsigned i = 0; i < most_steps && reader_has_more(&machine.code) && !machine.failed; i++)
        step(&machine);
    *result = pop(&machine);
    return !machine.failed && !machine.code.failed && machine.code.at == machine.code.end;
}
