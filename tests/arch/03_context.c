/*
 * The switch. Registers are watched without naming them: functions with more live values than there
 * are preserved registers, other values on each stack, so that one that is not kept is one that is
 * wrong later.
 */
#include <asm/unistd.h>
#include <linux/mman.h>

#include "machine/context.h"
#include "tests/tap.h"

enum { coroutines = 7, rounds = 2000, stack_size = 32768 };

static void *main_context;
static void *contexts[coroutines];
static unsigned char *stacks[coroutines];

static struct {
    void *arg;
    uintptr_t aligned;
    void *frame_above;
    unsigned char *place;
} seen;

static unsigned char *stack_make(void)
{
    long address = arch_syscall6(__NR_mmap, 0, stack_size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0)
        process_end(3);
    return (unsigned char *)address;
}

static void look_around(void *arg)
{
    _Alignas(16) volatile unsigned char local[16];
    /* By a volatile pointer: else the compiler takes its own promise of the alignment for granted.
     */
    volatile unsigned char *volatile place = local;
    local[0] = 1;
    seen.arg = arg;
    seen.aligned = (uintptr_t)place % 16;
    seen.place = (unsigned char *)local;
    seen.frame_above = *(void **)__builtin_frame_address(0);
    void *here;
    arch_context_switch(&here, main_context);
    arch_trap();
}

static void test_start(void)
{
    int mark;
    arch_context_start(&main_context, stacks[0] + stack_size, look_around, &mark);
    check(seen.arg == &mark, "the argument arrives");
    check(seen.place > stacks[0] && seen.place < stacks[0] + stack_size, "on the stack given");
    check(seen.place > stacks[0] + stack_size - 512, "at its top");
    check_equal(seen.aligned, 0, "aligned as the ABI says");
    check(seen.frame_above == NULL, "the walk of frame pointers ends");
}

static volatile unsigned wrong;
static volatile unsigned turns[coroutines];

/*
 * One turn: the values are read before the switch, and held against what is in memory after it.
 * Volatile, so that the compiler can neither compute one from another nor read them late.
 */
static __attribute__((noinline)) void turn(volatile uint64_t *values, void **from, void **to)
{
    uint64_t a = values[0], b = values[1], c = values[2], d = values[3];
    uint64_t e = values[4], f = values[5], g = values[6], h = values[7];
    arch_context_switch(from, *to);
    if (a != values[0] || b != values[1] || c != values[2] || d != values[3] || e != values[4] ||
        f != values[5] || g != values[6] || h != values[7])
        wrong++;
}

/* Different for each round and stack. */
static void set_values(volatile uint64_t *values, uint64_t self, uint64_t round)
{
    for (uint64_t i = 0; i < 8; i++)
        values[i] = (self << 48) + (round << 16) + i + 1;
}

/* Each gives way to the next, the last one to main. */
static void circle(void *arg)
{
    uint64_t self = (uint64_t)(uintptr_t)arg;
    volatile uint64_t values[8];
    for (uint64_t round = 0;; round++) {
        turns[self]++;
        set_values(values, self, round);
        turn(values, &contexts[self], self + 1 < coroutines ? &contexts[self + 1] : &main_context);
    }
}

static void test_circle(void)
{
    volatile uint64_t values[8];
    /* The last one first, because each goes on to those that have begun. */
    for (uintptr_t i = coroutines; i-- > 0;)
        arch_context_start(&main_context, stacks[i] + stack_size, circle, (void *)i);
    for (unsigned round = 1; round < rounds; round++) {
        set_values(values, coroutines, round);
        turn(values, &main_context, &contexts[0]);
    }
    check_equal(wrong, 0, "registers are kept on every stack");
    bool is_fair = true;
    for (unsigned i = 0; i < coroutines; i++)
        is_fair = is_fair && turns[i] >= rounds;
    check(is_fair, "each had its turns");
}

/* A context may be left from any depth, and its frames are there when it goes on. */
static uint64_t deep(unsigned depth)
{
    volatile uint64_t local = depth;
    if (depth == 0) {
        arch_context_switch(&contexts[0], main_context);
        return 0;
    }
    return deep(depth - 1) + local;
}

static void go_deep(void *arg)
{
    *(uint64_t *)arg = deep(100);
    arch_context_switch(&contexts[0], main_context);
    arch_trap();
}

static void test_depth(void)
{
    uint64_t sum = 0;
    arch_context_start(&main_context, stacks[0] + stack_size, go_deep, &sum);
    check_equal(sum, 0, "left in the depth");
    arch_context_switch(&main_context, contexts[0]);
    check_equal(sum, 5050, "continued there");
}

/* What a parked stack holds is what the table says: its return address, its frame, its top. */
static void park_at_known_place(void *arg)
{
    (void)arg;
    seen.frame_above = __builtin_frame_address(0);
    arch_context_switch(&contexts[0], main_context);
    arch_trap();
}

static void test_layout(void)
{
    arch_context_start(&main_context, stacks[0] + stack_size, park_at_known_place, NULL);
    const struct machine_saved_context *saved = contexts[0];
    uintptr_t function = (uintptr_t)park_at_known_place;
    check(saved->rip > function && saved->rip - function < 256, "the place is inside the function");
    check(saved->rbp == (uintptr_t)seen.frame_above, "the frame pointer is the function's");
    uintptr_t behind = (uintptr_t)(saved + 1);
    check(behind <= saved->rbp && saved->rbp - behind < 256, "its frame lies right behind");
}

int main(void)
{
    for (unsigned i = 0; i < coroutines; i++)
        stacks[i] = stack_make();
    test_start();
    test_circle();
    test_depth();
    test_layout();
    return tap_done();
}
