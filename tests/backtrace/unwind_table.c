/*
 * What unwind tables may say: expressions, the instructions of an entry, and garbage in place of
 * both.
 */
#include "backtrace/expression.h"
#include "backtrace/rules.h"
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/random.h"
#include "tests/tap.h"

static struct guarded_area area;

/* Copies to the end of the area, so that a byte read too far faults. */
static struct reader at_the_end(const unsigned char *bytes, size_t size)
{
    unsigned char *copy = area.end - size;
    memcpy(copy, bytes, size);
    return (struct reader){.at = copy, .end = area.end};
}

/* ---- expressions */

enum { failure = 0x7fffffff };

static uint64_t in_memory = 0xfedcba9876543210;

static int64_t compute(const unsigned char *bytes, size_t size)
{
    struct arch_registers registers = {0};
    for (unsigned i = 0; i < arch_register_count; i++)
        registers.value[i] = 1000 + i;
    registers.value[0] = (uintptr_t)&in_memory;
    struct probe probe = {0};
    uint64_t result, initial = 7;
    if (!expression_compute(at_the_end(bytes, size), &registers, &initial, &probe, &result))
        return failure;
    return (int64_t)result;
}

#define CHECK_EXPRESSION(wanted, what, ...)                                                        \
    check_equal(                                                                                   \
        compute((const unsigned char[]){__VA_ARGS__}, sizeof(const unsigned char[]){__VA_ARGS__}), \
        wanted, what)

static void test_constants(void)
{
    CHECK_EXPRESSION(7, "nop: the initial value", 0x96);
    CHECK_EXPRESSION(31, "lit31", 0x4f);
    CHECK_EXPRESSION(0x0807060504030201, "addr", 0x03, 1, 2, 3, 4, 5, 6, 7, 8);
    CHECK_EXPRESSION(255, "const1u", 0x08, 0xff);
    CHECK_EXPRESSION(-1, "const1s", 0x09, 0xff);
    CHECK_EXPRESSION(0xff01, "const2u", 0x0a, 0x01, 0xff);
    CHECK_EXPRESSION(-255, "const2s", 0x0b, 0x01, 0xff);
    CHECK_EXPRESSION(0xff000001, "const4u", 0x0c, 0x01, 0, 0, 0xff);
    CHECK_EXPRESSION(-0xffffff, "const4s", 0x0d, 0x01, 0, 0, 0xff);
    CHECK_EXPRESSION(1, "const8u", 0x0e, 1, 0, 0, 0, 0, 0, 0, 0);
    CHECK_EXPRESSION(-2, "const8s", 0x0f, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    CHECK_EXPRESSION(300, "constu", 0x10, 0xac, 0x02);
    CHECK_EXPRESSION(-300, "consts", 0x11, 0xd4, 0x7d);
}

static void test_stack(void)
{
    CHECK_EXPRESSION(10, "dup, plus", 0x35, 0x12, 0x22);
    CHECK_EXPRESSION(5, "drop", 0x35, 0x36, 0x13);
    CHECK_EXPRESSION(5, "over", 0x35, 0x36, 0x14);
    CHECK_EXPRESSION(7, "pick 2", 0x35, 0x36, 0x15, 2);
    CHECK_EXPRESSION(1, "swap", 0x35, 0x36, 0x16, 0x1c);
    CHECK_EXPRESSION(2, "rot: the second is on top", 0x31, 0x32, 0x33, 0x17);
    CHECK_EXPRESSION(1, "rot: then the third", 0x31, 0x32, 0x33, 0x17, 0x13);
    CHECK_EXPRESSION(3, "rot: then the top", 0x31, 0x32, 0x33, 0x17, 0x13, 0x13);
    CHECK_EXPRESSION(failure, "drop of nothing", 0x13, 0x13);
    CHECK_EXPRESSION(failure, "pick of nothing", 0x15, 1);
    CHECK_EXPRESSION(failure, "too many values", 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12,
                     0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12, 0x12);
}

static void test_arithmetic(void)
{
    CHECK_EXPRESSION(5, "abs", 0x09, 0xfb, 0x19);
    CHECK_EXPRESSION(4, "and", 0x36, 0x3c, 0x1a);
    CHECK_EXPRESSION(14, "or", 0x36, 0x3c, 0x21);
    CHECK_EXPRESSION(10, "xor", 0x36, 0x3c, 0x27);
    CHECK_EXPRESSION(-3, "div is signed", 0x09, 0xf9, 0x32, 0x1b);
    CHECK_EXPRESSION(INT64_MIN, "div of the lowest by -1", 0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x09,
                     0xff, 0x1b);
    CHECK_EXPRESSION(failure, "div by 0", 0x31, 0x30, 0x1b);
    CHECK_EXPRESSION(3, "mod", 0x3b, 0x34, 0x1d);
    CHECK_EXPRESSION(failure, "mod by 0", 0x31, 0x30, 0x1d);
    CHECK_EXPRESSION(-2, "minus", 0x31, 0x33, 0x1c);
    CHECK_EXPRESSION(42, "mul", 0x36, 0x37, 0x1e);
    CHECK_EXPRESSION(-7, "neg", 0x1f);
    CHECK_EXPRESSION(-8, "not", 0x20);
    CHECK_EXPRESSION(135, "plus_uconst", 0x23, 0x80, 0x01);
    CHECK_EXPRESSION(28, "shl", 0x32, 0x24);
    CHECK_EXPRESSION(0, "shl by 64", 0x08, 64, 0x24);
    CHECK_EXPRESSION(INT64_MAX, "shr", 0x09, 0xff, 0x31, 0x25);
    CHECK_EXPRESSION(0, "shr by 64", 0x08, 64, 0x25);
    CHECK_EXPRESSION(-2, "shra", 0x09, 0xfc, 0x31, 0x26);
    CHECK_EXPRESSION(-1, "shra by 64", 0x09, 0xfc, 0x08, 64, 0x26);
}

static void test_conditions(void)
{
    CHECK_EXPRESSION(1, "eq", 0x35, 0x35, 0x29);
    CHECK_EXPRESSION(0, "ne", 0x35, 0x35, 0x2e);
    CHECK_EXPRESSION(1, "ge", 0x35, 0x35, 0x2a);
    CHECK_EXPRESSION(0, "gt", 0x35, 0x35, 0x2b);
    CHECK_EXPRESSION(1, "le", 0x35, 0x35, 0x2c);
    CHECK_EXPRESSION(1, "lt is signed", 0x09, 0xff, 0x30, 0x2d);
    CHECK_EXPRESSION(1, "skip", 0x31, 0x2f, 1, 0, 0x32);
    CHECK_EXPRESSION(1, "bra, taken", 0x31, 0x31, 0x28, 1, 0, 0x32);
    CHECK_EXPRESSION(2, "bra, not taken", 0x31, 0x30, 0x28, 1, 0, 0x32);
    CHECK_EXPRESSION(0, "bra backwards, until 0", 0x31, 0x1c, 0x12, 0x28, 0xfa, 0xff);
    CHECK_EXPRESSION(failure, "skip backwards for ever", 0x2f, 0xfd, 0xff);
    CHECK_EXPRESSION(failure, "skip before the start", 0x2f, 0xfc, 0xff);
    CHECK_EXPRESSION(failure, "skip past the end", 0x2f, 1, 0);
}

static void test_machine(void)
{
    CHECK_EXPRESSION(1003, "breg7 - 4", 0x77, 0x7c);
    CHECK_EXPRESSION(1024, "bregx 16 + 8", 0x92, 16, 8);
    CHECK_EXPRESSION(failure, "breg of no general register", 0x92, 17, 0);
    CHECK_EXPRESSION((int64_t)0xfedcba9876543210, "deref", 0x70, 0, 0x06);
    CHECK_EXPRESSION(0x76543210, "deref_size 4", 0x70, 0, 0x94, 4);
    CHECK_EXPRESSION(failure, "deref_size 9", 0x70, 0, 0x94, 9);
    CHECK_EXPRESSION(failure, "deref_size 0", 0x70, 0, 0x94, 0);
    CHECK_EXPRESSION(failure, "deref of what is not there", 0x30, 0x06);
    CHECK_EXPRESSION(failure, "an operand that is missing", 0x0a, 1);
    CHECK_EXPRESSION(failure, "a number without end", 0x10, 0x80);
    CHECK_EXPRESSION(failure, "an operation that is unknown", 0xe0);
}

/* ---- an entry's instructions */

static struct rules found;

/* The entry speaks of 1000 ... 2000; its shared header says: the cfa is register 7 + 8, the return
 * address lies at -8. */
static bool find(const unsigned char *bytes, size_t size, uintptr_t address)
{
    static const unsigned char initial[] = {0x0c, 7, 8, 0x90, 1};
    struct table_entry entry = {
        .start = 1000,
        .end = 2000,
        .initial = {.at = initial, .end = initial + sizeof initial},
        .instructions = at_the_end(bytes, size),
        .code_alignment = 1,
        .data_alignment = -8,
        .return_column = 16,
    };
    return rules_find(&entry, address, &found);
}

#define FIND(address, ...)                                                                         \
    find((const unsigned char[]){__VA_ARGS__}, sizeof(const unsigned char[]){__VA_ARGS__}, address)

static bool rule_is(unsigned number, enum rule_kind kind, int64_t value)
{
    return found.kind[number] == kind && found.value[number] == value;
}

static bool cfa_is(uint64_t number, int64_t offset)
{
    return found.cfa_expression == NULL && found.cfa_register == number &&
           found.cfa_offset == offset;
}

static void test_rows(void)
{
    check(FIND(1000, 0x00) && cfa_is(7, 8) && rule_is(16, RULE_AT_OFFSET, -8),
          "the header's rules hold");
    check(FIND(1003, 0x44, 0x0e, 16) && cfa_is(7, 8), "up to an advance");
    check(FIND(1004, 0x44, 0x0e, 16) && cfa_is(7, 16), "and from there the new ones");
    check(FIND(1255, 0x02, 0xff, 0x0e, 16) && cfa_is(7, 16), "advance_loc1");
    check(FIND(1256, 0x03, 0, 1, 0x0e, 16) && cfa_is(7, 16), "advance_loc2");
    check(FIND(1999, 0x04, 0, 0, 1, 0, 0x0e, 16) && cfa_is(7, 8), "advance_loc4");
    check(FIND(1500, 0x01, 0xdc, 5, 0, 0, 0, 0, 0, 0, 0x0e, 16) && cfa_is(7, 16),
          "set_loc, before");
    check(FIND(1499, 0x01, 0xdc, 5, 0, 0, 0, 0, 0, 0, 0x0e, 16) && cfa_is(7, 8), "set_loc, behind");
}

static void test_cfa(void)
{
    check(FIND(1000, 0x0c, 6, 24) && cfa_is(6, 24), "def_cfa");
    check(FIND(1000, 0x12, 6, 0x7d) && cfa_is(6, 24), "def_cfa_sf");
    check(FIND(1000, 0x0d, 6) && cfa_is(6, 8), "def_cfa_register");
    check(FIND(1000, 0x13, 0x7e) && cfa_is(7, 16), "def_cfa_offset_sf");
    check(FIND(1000, 0x2e, 16) && cfa_is(7, 8), "GNU_args_size changes nothing");
    check(FIND(1000, 0x0f, 1, 0x77) == true && found.cfa_expression != NULL, "def_cfa_expression");
    check(FIND(1000, 0x0f, 2, 0x77, 0, 0x0c, 6, 8) && cfa_is(6, 8), "def_cfa after it");
}

static void test_registers(void)
{
    check(FIND(1000, 0x83, 2) && rule_is(3, RULE_AT_OFFSET, -16), "offset");
    check(FIND(1000, 0x05, 3, 2) && rule_is(3, RULE_AT_OFFSET, -16), "offset_extended");
    check(FIND(1000, 0x11, 3, 0x7e) && rule_is(3, RULE_AT_OFFSET, 16), "offset_extended_sf");
    check(FIND(1000, 0x2f, 3, 2) && rule_is(3, RULE_AT_OFFSET, 16), "GNU_negative_offset_extended");
    check(FIND(1000, 0x14, 3, 2) && rule_is(3, RULE_IS_OFFSET, -16), "val_offset");
    check(FIND(1000, 0x15, 3, 0x7e) && rule_is(3, RULE_IS_OFFSET, 16), "val_offset_sf");
    check(FIND(1000, 0x09, 3, 9) && rule_is(3, RULE_IN_REGISTER, 9), "register");
    check(FIND(1000, 0x07, 16) && found.kind[16] == RULE_UNDEFINED, "undefined");
    check(FIND(1000, 0x08, 16) && found.kind[16] == RULE_SAME, "same_value");
    check(FIND(1000, 0x07, 16, 0xd0) && rule_is(16, RULE_AT_OFFSET, -8), "restore");
    check(FIND(1000, 0x07, 16, 0x06, 16) && rule_is(16, RULE_AT_OFFSET, -8), "restore_extended");
    check(FIND(1000, 0x10, 3, 1, 0x96) && found.kind[3] == RULE_AT_EXPRESSION, "expression");
    check(FIND(1000, 0x16, 3, 1, 0x96) && found.kind[3] == RULE_IS_EXPRESSION, "val_expression");
    check(FIND(1000, 0x05, 40, 2, 0x07, 33, 0x06, 40) && cfa_is(7, 8), "other registers pass by");
}

static void test_remembered(void)
{
    check(FIND(1010, 0x0a, 0x0e, 64, 0x44, 0x0b) && cfa_is(7, 8), "restore_state: as before");
    check(FIND(1003, 0x0a, 0x0e, 64, 0x44, 0x0b) && cfa_is(7, 64), "before it: as between");
    check(FIND(1010, 0x0a, 0x0e, 16, 0x0a, 0x0e, 32, 0x41, 0x0b, 0x41, 0x83, 2) && cfa_is(7, 16) &&
              rule_is(3, RULE_AT_OFFSET, -16),
          "nested");
    check(FIND(1010, 0x0a, 0x0e, 16, 0x0a, 0x0e, 32, 0x41, 0x0b, 0x41, 0x0b) && cfa_is(7, 8),
          "nested, both restored");
    check(!FIND(1010, 0x0b), "nothing to restore");
    check(!FIND(1010, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a),
          "remembered too often");
}

static void test_refused(void)
{
    check(!FIND(1000, 0x3f), "an instruction that is unknown");
    check(!FIND(1000, 0x2d), "one of another machine");
    check(!FIND(1000, 0x0c, 7), "an operand that is missing");
    check(!FIND(1000, 0x0f, 5, 0x77), "an expression that is cut");
}

static void test_applied(void)
{
    uint64_t stack[4] = {11, 22, 33, 44};
    struct arch_registers registers = {0}, caller;
    registers.value[7] = (uintptr_t)stack;
    registers.value[9] = 99;
    struct probe probe = {0};
    uint64_t cfa = 0;
    FIND(1000, 0x0e, 32, 0x83, 2, 0x14, 12, 3, 0x09, 13, 9, 0x16, 14, 2, 0x23, 1, 0x10, 15, 2, 0x09,
         0xe0, 0x16, 15, 3, 0x08, 5, 0x96);
    check(rules_cfa(&found, &registers, &probe, &cfa) && cfa == (uintptr_t)(stack + 4), "the cfa");
    check(rules_apply(&found, &registers, cfa, &probe, &caller), "rules are applied");
    check_equal(caller.value[16], 44, "  the return address");
    check_equal(caller.value[3], 33, "  what was saved");
    check_equal(caller.value[12], cfa - 24, "  what is an offset");
    check_equal(caller.value[13], 99, "  what is in a register");
    check_equal(caller.value[14], cfa + 1, "  what an expression says");
    check_equal(caller.value[15], 5, "  and another");
    check_equal(caller.value[7], cfa, "  the stack pointer");
    FIND(1000, 0x0f, 2, 0x77, 16, 0x10, 3, 2, 0x23, 8);
    check(rules_cfa(&found, &registers, &probe, &cfa) && cfa == (uintptr_t)(stack + 2),
          "a cfa by expression");
    check(rules_apply(&found, &registers, cfa, &probe, &caller) && caller.value[3] == 44,
          "what lies where an expression says");
    FIND(1000, 0x0c, 17, 0);
    check(!rules_cfa(&found, &registers, &probe, &cfa), "a cfa from no general register");
    FIND(1000, 0x09, 16, 17);
    check(!rules_apply(&found, &registers, cfa, &probe, &caller), "a return address from none");
    FIND(1000, 0x83, 2);
    check(!rules_apply(&found, &registers, 4096, &probe, &caller), "memory that is not there");
}

/* ---- garbage */

static void test_garbage(void)
{
    enum { rounds = 20000, longest = 64 };
    uint64_t state = random_seed;
    unsigned accepted = 0;
    for (unsigned i = 0; i < rounds; i++) {
        unsigned char bytes[longest];
        for (size_t j = 0; j < longest; j++) {
            random_next(&state);
            /* Mostly small numbers: opcodes, registers, lengths. */
            bytes[j] = (unsigned char)(state >> 32) & (state % 3 == 0 ? 0xff : 0x17);
        }
        struct arch_registers registers = {0}, caller;
        registers.value[7] = (uintptr_t)bytes;
        struct probe probe = {0};
        uint64_t cfa;
        if (find(bytes, i % longest + 1, 1500) && rules_cfa(&found, &registers, &probe, &cfa) &&
            rules_apply(&found, &registers, cfa, &probe, &caller))
            accepted++;
        compute(bytes, i % longest + 1);
    }
    check(accepted > 0 && accepted < rounds, "garbage harms nobody");
}

int main(void)
{
    area = guarded_area_make(arch_page_size);
    test_constants();
    test_stack();
    test_arithmetic();
    test_conditions();
    test_machine();
    test_rows();
    test_cfa();
    test_registers();
    test_remembered();
    test_refused();
    test_applied();
    test_garbage();
    return tap_done();
}
