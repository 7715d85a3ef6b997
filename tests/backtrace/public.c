/* What keel/fault.h promises. */
#include <asm/errno.h>

#include "keel/fault.h"
#include "tests/backtrace/names.h"

#define CALLED __attribute__((noinline))

static volatile int sink;

static void *frames[8];
static size_t count;
static uint32_t call_line, caller_line;

enum { asks_line = __LINE__ + 2 }; /* where its body opens */
static CALLED void asks(size_t max)
{
    for (size_t i = 0; i < 8; i++)
        frames[i] = NULL;
    call_line = __LINE__ + 1;
    count = keel_backtrace(frames, max);
    sink++;
}

static CALLED void calls(size_t max)
{
    caller_line = __LINE__ + 1;
    asks(max);
    sink++;
}

static void test_backtrace(void)
{
    check_equal(keel_backtrace(NULL, 0), 0, "no frames are wanted");
    calls(1);
    check(count == 1 && frame_is(frames[0], "asks") && frames[1] == NULL, "one: the caller itself");
    calls(2);
    check(count == 2 && frame_is(frames[1], "calls") && frames[2] == NULL, "two: and its caller");
    calls(8);
    check(count >= 4 && count < 8, "more than there are: all");
    check(frame_is(frames[count - 1], "_start"), "to the first one");
    keel_symbol here, there;
    keel_symbolize(frames[0], &here);
    keel_symbolize(frames[1], &there);
    check(here.line == call_line && there.line == caller_line, "each is the line of its call");
}

static void test_symbolize(void)
{
    uintptr_t start = (uintptr_t)asks;
    keel_symbol symbol;
    check_equal(keel_symbolize((void *)start, &symbol), 0, "a function's address");
    check(is_called(symbol.function, "asks") && symbol.offset == 0, "is its start");
    check(symbol.line == asks_line && symbol.file != NULL, "and has its line");
    keel_symbolize((void *)(start + 1), &symbol);
    check(is_called(symbol.function, "asks") && symbol.offset == 1, "the next byte is in it too");
    keel_symbolize((void *)(start - 1), &symbol);
    check(!is_called(symbol.function, "asks"), "the byte before is not");
    const char *first = NULL;
    for (int i = 0; i < 2; i++) {
        keel_symbolize((void *)start, &symbol);
        check(first == NULL || first == symbol.function, "names stay where they are");
        first = symbol.function;
    }
    const void *const unknown[] = {NULL,
                                   (void *)8,
                                   &symbol,
                                   frames,
                                   (void *)0x123456789000,
                                   (void *)0xdead000000000000,
                                   (void *)UINTPTR_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        symbol =
            (keel_symbol){.function = "x", .file = "x", .directory = "x", .line = 1, .offset = 1};
        check_equal(keel_symbolize(unknown[i], &symbol), -ENOENT, "what is no code is unknown");
        check(symbol.function == NULL && symbol.file == NULL && symbol.directory == NULL &&
                  symbol.line == 0 && symbol.offset == 0,
              "  and all is empty");
    }
}

int main(void)
{
    test_backtrace();
    test_symbolize();
    return tap_done();
}
