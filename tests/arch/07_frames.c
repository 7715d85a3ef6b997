/*
 * What the bytes of an instruction say of the frame: with these the fault report finds the return
 * address in code that has no unwind table. (The instructions are x86-64's.)
 */
#include "machine/registers.h"

#include "base/memory.h"
#include "tests/tap.h"

static uint64_t eight(const unsigned char *bytes, size_t count)
{
    uint64_t number = 0xcccccccccccccccc; /* what lies behind it */
    memcpy(&number, bytes, count);
    return number;
}

#define OF(...)                                                                                    \
    eight((const unsigned char[]){__VA_ARGS__}, sizeof(const unsigned char[]){__VA_ARGS__})

static void test_pushed(void)
{
    check_equal(arch_frame_pushed(OF(0xf3, 0x0f, 0x1e, 0xfa)), 0, "at endbr64: nothing is pushed");
    check_equal(arch_frame_pushed(OF(0x55)), 0, "at push rbp: nothing yet");
    check_equal(arch_frame_pushed(OF(0xc3)), 0, "at ret: nothing any more");
    check_equal(arch_frame_pushed(OF(0x48, 0x89, 0xe5)), 8, "at mov rbp, rsp: the frame pointer");
    check_equal(arch_frame_pushed(OF(0x48, 0x8b, 0xec)), 8, "in its other spelling");
    check_equal(arch_frame_pushed(OF(0x48, 0x89, 0xe6)), -1, "elsewhere: the frame is complete");
    check_equal(arch_frame_pushed(OF(0xf3, 0x0f, 0x1e, 0xfb)), -1, "also at endbr32");
}

static void test_makes_frame(void)
{
    check(arch_makes_frame(OF(0x55, 0x48, 0x89, 0xe5)), "push, mov: a frame");
    check(arch_makes_frame(OF(0x55, 0x48, 0x8b, 0xec)), "in its other spelling");
    check(arch_makes_frame(OF(0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5)), "behind endbr64");
    check(arch_makes_frame(OF(0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x8b, 0xec)), "both");
    check(!arch_makes_frame(OF(0x55, 0x53)), "push alone: none");
    check(!arch_makes_frame(OF(0xf3, 0x0f, 0x1e, 0xfa, 0xc3)), "endbr64 alone: none");
    check(!arch_makes_frame(OF(0x31, 0xc0, 0xc3)), "neither: none");
}

int main(void)
{
    test_pushed();
    test_makes_frame();
    return tap_done();
}
