/* The floating-point control registers: what is written rules, and is read again. */
#include "tests/arch/float_controls.h"

#include "tests/forked.h"
#include "tests/tap.h"

static void test_rounding(void)
{
    uint64_t before = arch_float_control_read();
    check_equal(float_rounding_seen(), ROUND_NEAREST,
                "at first numbers are rounded to the nearest");
    uint64_t up = float_control_rounding(before, ROUND_UP);
    arch_float_control_write(up);
    check_equal(float_rounding_seen(), ROUND_UP, "upwards, when that was written");
    check_equal(arch_float_control_rules(arch_float_control_read()), arch_float_control_rules(up),
                "and it is read again");
    arch_float_control_write(float_control_rounding(before, ROUND_DOWN));
    check_equal(float_rounding_seen(), ROUND_DOWN, "downwards");
    arch_float_control_write(before);
    check_equal(float_rounding_seen(), ROUND_NEAREST, "as before");
}

static void test_flags(void)
{
    uint64_t clear = arch_float_control_rules(arch_float_control_read());
    arch_float_control_write(clear);
    check(arch_float_control_read() == clear, "flags can be cleared");
    float_be_inexact();
    uint64_t raised = arch_float_control_read();
    check(raised != clear, "something inexact raises one");
    check(arch_float_control_rules(raised) == clear, "which is no rule");
    arch_float_control_write(clear);
    arch_float_control_write(raised);
    check(arch_float_control_read() == raised, "flags are written too");
    arch_float_control_write(clear);
}

static void divide_untrapped(void)
{
    uint64_t before = arch_float_control_read();
    float_leave_pending();
    arch_float_control_write(float_control_trapping(before));
    float_rounding_seen();
}

static void divide_trapped(void)
{
    arch_float_control_write(float_control_trapping(arch_float_control_read()));
    float_leave_pending();
    arch_float_control_read();
}

static void divide_trapped_unseen(void)
{
    uint64_t before = arch_float_control_read();
    arch_float_control_write(float_control_trapping(before));
    float_leave_pending();
    arch_float_control_write(before);
}

static void divide_trapped_and_wait(void)
{
    arch_float_control_write(float_control_trapping(arch_float_control_read()));
    float_leave_pending();
    float_wait();
}

static void test_pending(void)
{
    int nowhere = null_descriptor();
    check_equal(status_of_forked(divide_untrapped, nowhere), 0,
                "what happened under a mask is no exception under a control without it");
    check_equal(status_of_forked(divide_trapped_unseen, nowhere), 0,
                "to write drops what is pending");
    if (status_of_forked(divide_trapped_and_wait, nowhere) == 0)
        skip("to read raises what is pending", "an emulator without such exceptions");
    else
        check_equal(status_of_forked(divide_trapped, nowhere) & 0x7f, SIGFPE,
                    "to read raises what is pending");
}

int main(void)
{
    test_rounding();
    test_flags();
    test_pending();
    return tap_done();
}
