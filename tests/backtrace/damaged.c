/*
 * Walks of stacks that are damaged: they end, and read nothing that is not there. A fault would end
 * this program.
 */
#include "backtrace/backtrace.h"
#include "tests/backtrace/names.h"
#include "tests/base/guarded_area.h"
#include "tests/random.h"

enum { area_size = 4 * arch_page_size, words = area_size / 8 };

static struct guarded_area area;
static volatile int sink;

/* A place in the program that has no unwind table, so that its frames are found by their chain. */
static __attribute__((noinline)) void untabled(void)
{
    sink++;
}

static uint64_t code;

static bool count_frame(const struct backtrace_frame *frame, void *data)
{
    (void)frame;
    size_t *count = data;
    ++*count;
    return true;
}

static size_t walk(uint64_t pc, uint64_t sp, uint64_t frame, bool interrupted)
{
    struct arch_registers registers = {0};
    registers.value[arch_register_pc] = pc;
    registers.value[arch_register_sp] = sp;
    registers.value[arch_register_frame] = frame;
    size_t count = 0;
    size_t returned = backtrace_walk(&registers, interrupted, count_frame, &count);
    return count == returned ? count : 0;
}

static uint64_t *word(size_t index)
{
    return (uint64_t *)(void *)area.start + index;
}

static void clear(void)
{
    for (size_t i = 0; i < words; i++)
        *word(i) = 0;
}

/* Two words: the caller's frame, the return address. */
static void set_frame(size_t index, uint64_t next, uint64_t return_address)
{
    *word(index) = next;
    *word(index + 1) = return_address;
}

static void test_chain(void)
{
    uint64_t sp = (uint64_t)area.start;
    clear();
    for (size_t i = 0; i < 5; i++)
        set_frame(10 * i, (uint64_t)word(10 * i + 10), code);
    set_frame(50, 0, 0);
    check_equal(walk(code, sp, sp, false), 6, "a sound chain is followed to its end");
    set_frame(20, (uint64_t)word(20), code);
    check_equal(walk(code, sp, sp, false), 4, "a frame that points to itself");
    set_frame(20, (uint64_t)word(10), code);
    check_equal(walk(code, sp, sp, false), 4, "one that points back");
    set_frame(20, (uint64_t)word(30) + 3, code);
    check_equal(walk(code, sp, sp, false), 4, "one that is not aligned");
    set_frame(20, 0x123456789000, code);
    check_equal(walk(code, sp, sp, false), 4, "one that points to where nothing is");
    set_frame(20, (uint64_t)area.end - 8, code);
    check_equal(walk(code, sp, sp, false), 4, "one that ends in the guard");
    set_frame(20, (uint64_t)area.end, code);
    check_equal(walk(code, sp, sp, false), 4, "one that lies in the guard");
    set_frame(20, 0xdead000000000000, code);
    check_equal(walk(code, sp, sp, false), 4, "one that no program can have");
    set_frame(20, ~(uint64_t)7, code);
    check_equal(walk(code, sp, sp, false), 4, "one at the end of all addresses");
    set_frame(20, (uint64_t)word(30), 0x4141414141414141);
    check_equal(walk(code, sp, sp, false), 3, "a return address that is no code");
}

/* In code with a table whose rule for the caller's stack goes by the frame pointer. */
static void test_tabled(void)
{
    uint64_t tabled = (uint64_t)keel_backtrace + 30;
    uint64_t sp = (uint64_t)word(20);
    clear();
    set_frame(40, (uint64_t)word(60), tabled);
    set_frame(60, (uint64_t)word(80), 0);
    check_equal(walk(tabled, sp, (uint64_t)word(40), false), 2, "a sound frame with a table");
    set_frame(60, (uint64_t)word(60), tabled);
    check_equal(walk(tabled, sp, (uint64_t)word(40), false), 3, "one that points to itself");
    set_frame(60, (uint64_t)word(40), tabled);
    check_equal(walk(tabled, sp, (uint64_t)word(40), false), 3, "one that points back");
}

static void test_start(void)
{
    uint64_t sp = (uint64_t)area.start;
    uint64_t tabled = (uint64_t)keel_backtrace + 30;
    clear();
    check_equal(walk(0, 0, 0, true), 1, "all registers are 0");
    check_equal(walk(~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, true), 1, "all are -1");
    check_equal(walk(tabled, 8, 8, false), 1, "the stack pointer leads to nothing");
    check_equal(walk(tabled, (uint64_t)area.end, (uint64_t)area.end, false), 1,
                "it leads to the guard");
    *word(0) = code;
    check_equal(walk(0, sp, 0, true), 2, "a call of NULL: the caller is on top of the stack");
    check_equal(walk((uint64_t)&code, sp, 0, true), 2, "a call of data");
    check_equal(walk(0xdead000000000000, sp, 0, true), 2, "a call of no address at all");
    check_equal(walk(0, sp, 0, false), 1, "a return address of 0 ends it");
    check_equal(walk(0, sp + 3, 0, true), 1, "a stack pointer that is not aligned");
    check_equal(walk(0, (uint64_t)area.end - 4, 0, true), 1, "one whose word ends in the guard");
}

static uint64_t random_state = random_seed;

static uint64_t random(void)
{
    return random_next(&random_state);
}

/* What may lie on a stack. */
static uint64_t random_word(void)
{
    switch (random() % 6) {
    case 0:
        return random();
    case 1:
        return random() % 300;
    case 2: /* somewhere in the program's code */
        return code - 8192 + random() % 16384;
    case 3:
        return (uint64_t)arch_signal_return;
    default:
        return (uint64_t)area.start - 16 + (random() % (words + 4)) * 8;
    }
}

static void test_garbage(void)
{
    enum { rounds = 2000 };
    size_t longest = 0, frames = 0;
    for (unsigned i = 0; i < rounds; i++) {
        for (size_t j = 0; j < words; j++)
            *word(j) = random_word();
        struct arch_registers registers;
        for (unsigned j = 0; j < arch_register_count; j++)
            registers.value[j] = random_word();
        /* Half of them start as a sound walk would. */
        if (i % 4 < 2) {
            registers.value[arch_register_pc] = code;
            registers.value[arch_register_sp] = (uint64_t)area.start;
            registers.value[arch_register_frame] = (uint64_t)word(random() % 20);
        }
        size_t count = 0;
        size_t returned = backtrace_walk(&registers, i % 2, count_frame, &count);
        if (returned != count)
            frames = 0;
        frames += count;
        longest = count > longest ? count : longest;
    }
    check(frames >= rounds, "stacks of garbage");
    check(longest > 3 && longest <= words * 20, "each walk ends");
    tap_note("frames of the longest walk", (int64_t)longest);
}

int main(void)
{
    area = guarded_area_make(area_size);
    untabled();
    code = (uint64_t)untabled + 3;
    test_chain();
    test_tabled();
    test_start();
    test_garbage();
    return tap_done();
}
