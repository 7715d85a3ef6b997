/*
 * As registers.c, with the switch itself in the place of the calls that wait: what is alive across
 * it is in the registers that it must keep, because no function of ours lies between and saves
 * them. A few stacks give way to each other in a circle. Prints "kept" when all was.
 */
#include "keel.h"
#include "runtime.h"

/* arch/arch.h, by the names in the archive. */
void keel__arch_context_switch(void **save, void *target);
void keel__arch_context_start(void **save, void *top, void (*entry)(void *), void *arg);

enum { stacks = 5, stack_size = 32768, rounds = 300, values_count = 10 };

static _Alignas(16) unsigned char memory[stacks][stack_size];
static void *contexts[stacks + 1]; /* the last one is main's */
static bool lost;
static unsigned turns;

/* Volatile, so that the compiler can neither compute one from another nor read them late. */
static void set_values(volatile uint64_t *values, uint64_t self, uint64_t round)
{
    for (uint64_t i = 0; i < values_count; i++)
        values[i] = ~((self << 48) + (round << 16) + i * 0x0101);
}

static __attribute__((noinline)) void give_way(volatile uint64_t *values, uint64_t self)
{
    uint64_t a = values[0], b = values[1], c = values[2], d = values[3], e = values[4];
    uint64_t f = values[5], g = values[6], h = values[7], i = values[8], j = values[9];
    keel__arch_context_switch(&contexts[self], contexts[self == stacks ? 0 : self + 1]);
    if (a != values[0] || b != values[1] || c != values[2] || d != values[3] || e != values[4])
        lost = true;
    if (f != values[5] || g != values[6] || h != values[7] || i != values[8] || j != values[9])
        lost = true;
}

static void circle(void *arg)
{
    uint64_t self = (uint64_t)(uintptr_t)arg;
    volatile uint64_t values[values_count];
    for (uint64_t round = 0;; round++) {
        turns++;
        set_values(values, self, round);
        give_way(values, self);
    }
}

int main(void)
{
    volatile uint64_t values[values_count];
    /* The last one first, because each goes on to those that have begun. */
    for (uintptr_t i = stacks; i-- > 0;)
        keel__arch_context_start(&contexts[stacks], memory[i] + stack_size, circle, (void *)i);
    turns = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        set_values(values, stacks, round);
        give_way(values, stacks);
    }
    bool kept = !lost && turns == rounds * stacks;
    cs_print_str(kept ? (cs_string_t){"kept\n", 5} : (cs_string_t){"lost\n", 5});
    return kept ? 0 : 1;
}
