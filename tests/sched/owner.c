/*
 * Whose stack does an address guard: what the fault report is told of main's stack, of a task's, of
 * one that nobody has, and where the kernel does not say how far main's reaches.
 */
#include <linux/auxvec.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "sched/owner.h"
#include "sched/sched.h"
#include "tests/cases.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"

enum { right = 0, wrong = 1, KiB = 1024, stack_size = 8 * 1024 * KiB };

static void limit_stack(uint64_t bytes)
{
    struct abi_rlimit limit;
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit);
    limit.current = bytes;
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, (long)&limit, 0);
}

static bool is_mains_guard(uintptr_t address)
{
    struct address_owner owner = sched_address_owner(address);
    return owner.is_stack_guard && owner.task == &sched_main_task.identity;
}

static int knows_mains_stack(void)
{
    limit_stack(stack_size);
    uintptr_t low = process_auxiliary(AT_EXECFN, 0) - stack_size;
    bool around = is_mains_guard(low) && is_mains_guard(low - 512 * KiB);
    bool elsewhere = is_mains_guard(low - 4096 * KiB) || is_mains_guard(low + 1024 * KiB) ||
                     is_mains_guard((uintptr_t)&around) || is_mains_guard(0x10);
    return around && !elsewhere ? right : wrong;
}

/* Larger than the address space, or not known: then there is no end to be met. */
static bool knows_nothing(void)
{
    uintptr_t low = process_auxiliary(AT_EXECFN, 0) - stack_size;
    return !is_mains_guard(low) && !is_mains_guard(0) && !is_mains_guard(UINTPTR_MAX);
}

static int has_no_limit(void)
{
    limit_stack(~UINT64_C(0));
    return knows_nothing() ? right : wrong;
}

static int is_refused_the_limit(void)
{
    refuse_syscall(__NR_prlimit64, EPERM);
    return knows_nothing() ? right : wrong;
}

static void *find_own_guard(void *arg)
{
    struct keel_task *self = sched_self();
    struct address_owner owner = sched_address_owner(self->stack->low - 1);
    bool *found = arg;
    *found = owner.is_stack_guard && owner.task == &self->identity &&
             owner.stack_size == mem_stack_usable(self->stack);
    return NULL;
}

static void test_tasks(void)
{
    bool found = false;
    keel_task_await(begun(keel_task_create(find_own_guard, &found, NULL)), NULL);
    check(found, "a task's own guard");
    struct mem_stack *spare = mem_stack_acquire();
    struct address_owner owner = sched_address_owner(spare->low - 1);
    check(owner.is_stack_guard && owner.task == NULL, "the guard of a stack that nobody has");
    mem_stack_release(spare);
}

/* Of so many some are in slots whose memory has gone back, where there are slots. */
static void test_cold(void)
{
    enum { count = 400 };
    static struct mem_stack *stacks[count];
    static struct mem_stack last;
    for (int i = 0; i < count; i++)
        stacks[i] = mem_stack_acquire();
    for (int i = 0; i < count; i++) {
        last = *stacks[i];
        mem_stack_release(stacks[i]);
    }
    if (last.chunk == NULL) {
        skip("the guard of a stack whose memory has gone back", "no guards without a mapping here");
        return;
    }
    struct address_owner owner = sched_address_owner(last.low - 1);
    check(owner.is_stack_guard && owner.task == NULL && owner.stack_low == last.low &&
              owner.stack_size > 128 * KiB && owner.stack_size < mem_stack_slot,
          "the guard of a stack whose memory has gone back");
}

int main(void)
{
    test_tasks();
    test_cold();
    /* An emulator does not pass the limit on. */
    cases_need_refusals();
    check_case(knows_mains_stack, right, "main's guard, and what is none");
    check_case(has_no_limit, right, "a stack without a limit has no guard");
    check_case(is_refused_the_limit, right, "nor one whose limit is not told");
    return tap_done();
}
