/*
 * Whose stack does an address guard? The fault report asks, from a signal handler: nothing here
 * waits, and what it reads may be changing.
 */
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "base/process.h"
#include "sched/owner.h"
#include "sched/sched.h"

/*
 * main runs on the process's own stack, which grows until RLIMIT_STACK and has a gap of 1 MiB below
 * (stack_guard_gap). Its top is where the kernel put the program's file name, or just above.
 */
struct sched_main_stack sched_main_stack(void)
{
    struct abi_rlimit limit;
    long result = arch_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit);
    return (struct sched_main_stack){
        .top = process_auxiliary(AT_EXECFN, (uintptr_t)process.arguments),
        .limit = result != 0 ? 0 : limit.current,
    };
}

static void describe_main_stack(struct address_owner *owner, uintptr_t address)
{
    enum { gap = 1 << 20, strings = 128 * 1024 };
    struct sched_main_stack stack = sched_main_stack();
    if (stack.limit == 0 || stack.limit >= stack.top)
        return;
    uintptr_t low = stack.top - stack.limit;
    *owner = (struct address_owner){
        .is_stack_guard = address >= low - gap && address < low + strings,
        .task = &sched_main_task.identity,
        .stack_low = low,
        .stack_size = stack.limit,
    };
}

struct search {
    const struct mem_stack *stack;
    const struct keel_task *found;
};

static void find_owner(struct keel_task *task, void *data)
{
    struct search *search = data;
    /* A stack that hosts a child is the child's for now. RELAXED: a snapshot. */
    if (task->stack == search->stack && atomic_load(&task->state, RELAXED) != SCHED_TASK_HOSTING)
        search->found = task;
}

/* The stack that the caller runs on, when the address lies in its guard: that takes no lock. */
static const struct mem_stack *own_stack_guarding(uintptr_t address, uintptr_t *low)
{
    const struct mem_stack *stack = thread_block()->task == NULL ? NULL : sched_self()->stack;
    if (stack == NULL || !mem_stack_guards(stack, address))
        return NULL;
    *low = stack->low;
    return stack;
}

struct address_owner sched_address_owner(uintptr_t address)
{
    struct address_owner owner = {0};
    struct search search = {.stack = own_stack_guarding(address, &owner.stack_low)};
    /* Of a packed one all is told that there is, as in options and panics. */
    bool is_packed = search.stack != NULL && search.stack->size == NULL;
    if (search.stack == NULL)
        search.stack = mem_stack_guarding(address, &owner.stack_low);
    if (search.stack == NULL) {
        describe_main_stack(&owner, address);
        return owner;
    }
    sched_task_each(find_owner, &search);
    owner.is_stack_guard = true;
    owner.task = search.found == NULL ? NULL : &search.found->identity;
    owner.stack_size = is_packed
                           ? (uintptr_t)(search.stack + 1) - owner.stack_low + sizeof(uint64_t)
                           : (uintptr_t)search.stack - owner.stack_low;
    return owner;
}
