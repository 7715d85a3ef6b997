/*
 * Stacks of other sizes: what each promises is there, with a guard below, whatever becomes of it;
 * and what lies deep in a stack that nobody has goes back to the kernel, here of all sizes.
 */
#include "mem/stack_sizes.h"

#include <asm/signal.h>

#include "mem/slots.h"
#include "tests/cases.h"
#include "tests/mem/resident.h"

enum {
    right = 0,
    wrong = 1,
    KiB = 1024,
    MiB = 1024 * 1024,
    largest = mem_stack_numbers - 1,
    for_the_runtime = 8 * KiB,
};

static void test_numbers(void)
{
    check_equal(mem_stack_number(1), 1, "the smallest size");
    check_equal(mem_stack_number(4 * KiB), 1, "which promises 4 KiB");
    check_equal(mem_stack_number(4 * KiB + 1), 2, "one byte more: the next");
    check_equal(mem_stack_number(64 * KiB + 1), 0, "as much as the default promises: the default");
    check_equal(mem_stack_number(128 * KiB), 0, "the same");
    check_equal(mem_stack_number(128 * KiB + 1), 7, "a byte more than that");
    check_equal(mem_stack_number(mem_stack_promise_most), largest, "the largest");
    bool all = true;
    for (unsigned number = 1; number < mem_stack_numbers; number++) {
        size_t promise = mem_stack_promise_of(number);
        all = all && (promise == mem_stack_promised() || mem_stack_number(promise) == number);
    }
    check(all, "the number of what a size promises is that size's");
}

/* Reads and writes both ends of what is promised. */
static bool is_sound(struct mem_stack *stack, unsigned number)
{
    uintptr_t low;
    volatile uint64_t *lowest = (volatile uint64_t *)stack->low;
    volatile uint64_t *highest = (volatile uint64_t *)(void *)stack - 1;
    *lowest = number;
    *highest = ~(uint64_t)number;
    return mem_stack_usable(stack) >= mem_stack_promise_of(number) + for_the_runtime &&
           (uintptr_t)mem_stack_top(stack) % 16 == 0 && *lowest == number &&
           *highest == ~(uint64_t)number && mem_stack_guarding(stack->low - 1, &low) == stack &&
           low == stack->low && mem_stack_guarding(stack->low - mem_stack_guard, &low) == stack &&
           mem_stack_guarding(stack->low, &low) == NULL;
}

/* Two rounds: the second is served from the pools. */
static int has_all_sizes(void)
{
    enum { of_each = 3 };
    for (int round = 0; round < 2; round++) {
        struct mem_stack *stacks[mem_stack_numbers][of_each];
        for (unsigned number = 1; number < mem_stack_numbers; number++) {
            for (unsigned i = 0; i < of_each; i++) {
                stacks[number][i] = mem_stack_acquire_of(mem_stack_size_of(number));
                if (stacks[number][i] == NULL || !is_sound(stacks[number][i], number))
                    return wrong;
            }
        }
        for (unsigned number = 1; number < mem_stack_numbers; number++) {
            for (unsigned i = 0; i < of_each; i++) {
                if (*(volatile uint64_t *)stacks[number][i]->low != number)
                    return wrong;
                mem_stack_release(stacks[number][i]);
            }
        }
    }
    return right;
}

static int has_all_sizes_mapped(void)
{
    refuse_slots(EINVAL);
    return has_all_sizes() == right && mem_slots_are_refused() ? right : wrong;
}

static void write_below(unsigned number)
{
    struct mem_stack *stack = mem_stack_acquire_of(mem_stack_size_of(number));
    *(volatile char *)(stack->low - 1) = 1;
}

static int faults_below_the_smallest(void)
{
    mem_stack_acquire_of(mem_stack_size_of(1));
    write_below(1);
    return wrong;
}

static int faults_below_the_largest(void)
{
    write_below(largest);
    return wrong;
}

/* Many small ones: addresses of all chunks go when all are back. */
static int gives_back(void)
{
    enum { many = 3000 };
    static struct mem_stack *stacks[many];
    struct mem_stack_size *size = mem_stack_size_of(1);
    int64_t before = statm_read(statm_mapped);
    for (unsigned i = 0; i < many; i++)
        stacks[i] = mem_stack_acquire_of(size);
    int64_t most = statm_read(statm_mapped) - before;
    for (unsigned i = many; i-- > 0;)
        mem_stack_release(stacks[i]);
    int64_t left = statm_read(statm_mapped) - before;
    return most >= many * (int64_t)size->slot && left < most / 2 ? right : wrong;
}

/* ---- trimming */

static struct mem_stack nobody; /* who sleeps on no stack of ours */

/* Of each so many pages: touched deeply, as by a task. */
static void use_all(struct mem_stack *stack)
{
    for (uintptr_t at = stack->low; at < (uintptr_t)stack; at += arch_page_size)
        *(volatile char *)at = 1;
    stack->used = true;
}

static int64_t use_and_release(struct mem_stack_size *size, struct mem_stack **stacks, int count)
{
    for (int i = 0; i < count; i++)
        use_all(stacks[i] = mem_stack_acquire_of(size));
    int64_t most = statm_read(statm_resident);
    for (int i = 0; i < count; i++)
        mem_stack_release(stacks[i]);
    return most;
}

/* (An emulator takes memory of its own meanwhile.) */
enum { few = 20, left_most = 1 * MiB };

/* Fewer than are looked at when they come back: when a thread is about to sleep. */
static int trims_before_sleep(void)
{
    struct mem_stack *stacks[few];
    int64_t before = statm_read(statm_resident);
    int64_t most = use_and_release(&mem_stack_default, stacks, few) - before;
    int64_t kept = statm_read(statm_resident) - before;
    mem_stack_trim_all(&nobody);
    int64_t left = statm_read(statm_resident) - before;
    return most >= few * 128 * KiB && kept >= most / 2 && left < left_most ? right : wrong;
}

/* Without a sleep: when thousands have come. What came last is not yet trimmed then. */
static int trims_in_the_pool(void)
{
    enum { many = 200, rounds = 41, most_left = 8 * MiB };
    static struct mem_stack *stacks[many];
    int64_t before = statm_read(statm_resident);
    int64_t most = use_and_release(&mem_stack_default, stacks, many) - before;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < many; i++)
            stacks[i] = mem_stack_acquire();
        for (int i = many; i-- > 0;)
            mem_stack_release(stacks[i]);
    }
    int64_t left = statm_read(statm_resident) - before;
    return most >= many * 128 * KiB && left < most_left ? right : wrong;
}

/* One large stack at once. */
static int trims_the_large(void)
{
    struct mem_stack *stack;
    int64_t before = statm_read(statm_resident);
    int64_t most = use_and_release(mem_stack_size_of(mem_stack_number(16 * MiB)), &stack, 1);
    return most - before >= 16 * MiB && statm_read(statm_resident) - before < left_most ? right
                                                                                        : wrong;
}

static int trims_one_by_one(void)
{
    refuse_syscall(__NR_process_madvise, ENOSYS);
    return trims_before_sleep();
}

/* What no task has used is not looked at: it is as it was. */
static int leaves_the_unused(void)
{
    struct mem_stack *stack = mem_stack_acquire();
    *(volatile char *)stack->low = 1;
    mem_stack_release(stack);
    mem_stack_trim_all(&nobody);
    return mem_stack_acquire() == stack && *(volatile char *)stack->low == 1 ? right : wrong;
}

int main(void)
{
    test_numbers();
    check_case(has_all_sizes, right, "all sizes, up to 1 GiB: what is promised, and a guard");
    check_case(faults_below_the_smallest, forked_died + SIGSEGV,
               "a write below the smallest faults");
    check_case(faults_below_the_largest, forked_died + SIGSEGV, "and below the largest");
    check_case(leaves_the_unused, right, "a stack on which no task has run is left alone");
    cases_need(statm_read(statm_resident) >= 0, "no /proc here");
    check_case(gives_back, right, "3,000 small ones: addresses go back");
    check_case(trims_before_sleep, right, "what lies deep in 20 stacks goes back before a sleep");
    check_case(trims_in_the_pool, right, "of 200 when thousands have come into the pool");
    check_case(trims_the_large, right, "of a large one at once");
    cases_need_refusals();
    check_case(has_all_sizes_mapped, right, "all sizes where each stack takes mappings");
    check_case(trims_one_by_one, right, "what lies deep goes back where many at once cannot");
    return tap_done();
}
