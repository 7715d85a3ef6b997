/* A call on another stack: where it runs, what it keeps, and how one walks out of it. */
#include "tests/tap.h"

enum { stack_size = 16 * 1024 };

static _Alignas(16) unsigned char other[stack_size];

static struct {
    void *arg;
    uintptr_t aligned;
    unsigned char *place;
    void *callers_frame;
} seen;

/* By a volatile pointer: else the compiler takes its own promise of the alignment for granted. */
static void look_around(void *arg)
{
    _Alignas(16) volatile unsigned char local[16];
    volatile unsigned char *volatile place = local;
    local[0] = 1;
    seen.arg = arg;
    seen.aligned = (uintptr_t)place % 16;
    seen.place = (unsigned char *)local;
    /* The frame above is arch_call_on's, the one above that its caller's. */
    seen.callers_frame = **(void ***)__builtin_frame_address(0);
}

static __attribute__((noinline)) void test_place(void)
{
    int mark;
    for (size_t odd = 0; odd < 16; odd++) {
        arch_call_on(other + stack_size - odd, look_around, &mark);
        if (seen.aligned != 0 || seen.place < other || seen.place >= other + stack_size)
            break;
    }
    check(seen.arg == &mark, "the argument arrives");
    check(seen.place >= other && seen.place < other + stack_size, "on the other stack");
    check(seen.place > other + stack_size - 512, "at its top");
    check_equal(seen.aligned, 0, "aligned as the ABI says, wherever it begins");
    check(seen.callers_frame == __builtin_frame_address(0), "frame pointers lead to the caller");
}

static uintptr_t step(uintptr_t value)
{
    return value * 6364136223846793005u + 1442695040888963407u;
}

/* Volatile, so that the compiler cannot know a value again and must keep it. */
static uintptr_t (*volatile next)(uintptr_t) = step;

static void scramble(void *arg)
{
    uintptr_t a = next((uintptr_t)arg), b = next(a), c = next(b), d = next(c), e = next(d);
    uintptr_t f = next(e), g = next(f), h = next(g);
    next(a ^ b ^ c ^ d ^ e ^ f ^ g ^ h);
}

/* More values than there are registers that a call keeps; all live across the call. */
static uintptr_t sum(bool with_call)
{
    uintptr_t a = next(1), b = next(a), c = next(b), d = next(c), e = next(d);
    uintptr_t f = next(e), g = next(f), h = next(g);
    if (with_call)
        arch_call_on(other + stack_size, scramble, (void *)a);
    return a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + 17 * g + 19 * h;
}

static void call_back(void *arg)
{
    unsigned depth = (unsigned)(uintptr_t)arg;
    if (depth > 0)
        arch_call_on((unsigned char *)__builtin_frame_address(0) - 256, call_back,
                     (void *)(uintptr_t)(depth - 1));
    seen.arg = arg;
}

int main(void)
{
    test_place();
    check(sum(true) == sum(false), "registers are kept");
    arch_call_on(other + stack_size, call_back, (void *)5);
    check_equal((uintptr_t)seen.arg, 5, "calls within calls");
    return tap_done();
}
