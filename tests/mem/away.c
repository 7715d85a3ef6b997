/*
 * Stacks that are away: memory and page tables go, the addresses stay, and each comes back with its
 * guard, whatever its neighbours do; and what is done where the kernel refuses to renew a mapping,
 * or a guard.
 */
#include "mem/away.h"

#include <linux/mman.h>

#include "mem/pages.h"
#include "mem/slot_chunk.h"
#include "tests/cases.h"
#include "tests/mem/resident.h"
#include "tests/mem/tables.h"
#include "tests/random.h"

enum { right = 0, wrong = 1, many = 3000, used_bytes = 5000 };

static struct mem_away taken[many];
static unsigned count;

/* Those in slots; a byte of each is the number. */
static bool take_of(unsigned stacks)
{
    count = 0;
    for (unsigned i = 0; i < stacks; i++) {
        struct mem_stack *stack = mem_stack_acquire();
        if (stack == NULL)
            return false;
        *((volatile unsigned char *)stack - used_bytes) = (unsigned char)i;
        if (stack->chunk != NULL)
            taken[count++] = (struct mem_away){stack, stack->chunk};
    }
    return count > stacks / 2;
}

static bool take(void)
{
    return take_of(many);
}

static void send(unsigned from, unsigned to)
{
    for (; from < to; from += mem_away_most)
        mem_away_send(&taken[from], to - from < mem_away_most ? to - from : mem_away_most);
}

static bool is_as_before(const struct mem_away *away)
{
    struct mem_stack *stack = away->stack;
    uintptr_t low;
    return stack->chunk == away->chunk && stack->size == &mem_stack_default &&
           page_is_guarded((void *)(stack->low - mem_stack_guard)) &&
           page_is_guarded((void *)(stack->low - 1)) &&
           mem_stack_guarding(stack->low - 1, &low) == stack && low == stack->low;
}

/* Back, and written to at both ends. */
static bool bring_back(unsigned i, unsigned char mark)
{
    if (!mem_away_return(&taken[i]) || !is_as_before(&taken[i]))
        return false;
    *(volatile unsigned char *)taken[i].stack->low = mark;
    *((volatile unsigned char *)taken[i].stack - used_bytes) = mark;
    return true;
}

static int goes(void)
{
    enum { more_mappings = 100 };
    int64_t tables = table_size();
    if (!take())
        return wrong;
    int64_t resident = statm_read(statm_resident), with_tables = table_size();
    int64_t mappings = count_mappings();
    send(0, count);
    int64_t gone = resident - statm_read(statm_resident);
    bool tables_went = (table_size() - tables) * 10 < with_tables - tables;
    bool memory_went = gone > (int64_t)count * 2 * arch_page_size * 9 / 10;
    return tables_went && memory_went && count_mappings() < mappings + more_mappings ? right
                                                                                     : wrong;
}

static int comes_back(void)
{
    if (!take())
        return wrong;
    send(0, count);
    for (unsigned i = 0; i < count; i++) {
        if (!bring_back(i, 1))
            return wrong;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!is_as_before(&taken[i]) || *(volatile unsigned char *)taken[i].stack->low != 1)
            return wrong;
    }
    return right;
}

/* Some are back, at random, and are written to, while those around them go and come. */
static int neighbours(void)
{
    static bool is_away[many];
    static unsigned char marks[many];
    uint64_t random = 7;
    if (!take())
        return wrong;
    for (unsigned i = 0; i < count; i++)
        marks[i] = *((volatile unsigned char *)taken[i].stack - used_bytes);
    for (unsigned round = 0; round < 20 * count; round++) {
        unsigned i = (unsigned)random_below(&random, count);
        if (round % (2 * count) == count) {
            /* All but each 200th, so that groups become whole again. */
            for (unsigned j = 0; j < count; j++) {
                if (j % 200 != 0 && !is_away[j]) {
                    send(j, j + 1);
                    is_away[j] = true;
                }
            }
        }
        if (is_away[i]) {
            marks[i] = (unsigned char)round;
            if (!bring_back(i, marks[i]))
                return wrong;
        } else {
            if (!is_as_before(&taken[i]) ||
                *((volatile unsigned char *)taken[i].stack - used_bytes) != marks[i])
                return wrong;
            send(i, i + 1);
        }
        is_away[i] = !is_away[i];
    }
    for (unsigned i = 0; i < count; i++) {
        if (!is_away[i] && (!is_as_before(&taken[i]) ||
                            *((volatile unsigned char *)taken[i].stack - used_bytes) != marks[i]))
            return wrong;
    }
    return right;
}

/* What came back is given back as others are, and taken again. */
static int ends(void)
{
    for (unsigned round = 0; round < 3; round++) {
        if (!take())
            return wrong;
        send(0, count);
        for (unsigned i = 0; i < count; i++) {
            if (!bring_back(i, (unsigned char)round))
                return wrong;
        }
        for (unsigned i = 0; i < count; i++)
            mem_stack_release(taken[i].stack);
    }
    return right;
}

static int faults_below(void)
{
    if (!take())
        return wrong;
    send(0, count);
    if (!bring_back(count / 2, 1))
        return wrong;
    *(volatile char *)(taken[count / 2].stack->low - 1) = 1;
    return wrong;
}

/* No new mappings from some time on: the memory goes all the same, and the guards are there. */
static int no_renewal(void)
{
    if (!take())
        return wrong;
    refuse_syscall_when(
        __NR_mmap, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE | MAP_FIXED, ENOMEM);
    int64_t resident = statm_read(statm_resident);
    send(0, count);
    if (resident - statm_read(statm_resident) < (int64_t)count * 2 * arch_page_size * 9 / 10)
        return wrong;
    for (unsigned i = 0; i < count; i++) {
        if (!bring_back(i, 1))
            return wrong;
    }
    return right;
}

/* No guards from some time on: who comes back has one that splits the mapping. */
static int no_guards(void)
{
    if (!take())
        return wrong;
    send(0, count);
    refuse_slots(EPERM);
    for (unsigned i = 0; i < 100; i++) {
        if (!bring_back(i, 1))
            return wrong;
    }
    *(volatile char *)(taken[50].stack->low - 1) = 1;
    return wrong;
}

/* A fresh mapping would be all there at once. */
static int locked(void)
{
    enum { all = MCL_CURRENT | MCL_FUTURE, some = 100 };
    if (!take_of(some) || arch_syscall1(__NR_mlockall, all) != 0)
        return right; /* not allowed here */
    int64_t resident = statm_read(statm_resident);
    for (unsigned round = 0; round < 3; round++) {
        send(0, count);
        for (unsigned i = 0; i < count; i++) {
            if (!bring_back(i, 1))
                return wrong;
        }
    }
    return statm_read(statm_resident) < resident + some * arch_page_size ? right : wrong;
}

/*
 * What is mapped from now on is locked, and what was is not: one mapping at most is tried, the
 * memory goes, and guards that split no mapping come back. Or no lock is ever undone: then guards
 * do.
 */
static int locked_later_or(bool can_unlock)
{
    enum { stacks = 600, before = 200, renewed_most = 32 * 1024 * 1024 };
    if (!take_of(stacks))
        return wrong;
    send(0, before);
    if (arch_syscall1(__NR_mlockall, MCL_FUTURE) != 0)
        return right; /* not allowed here */
    int64_t resident = statm_read(statm_resident), mappings = count_mappings();
    for (unsigned round = 0; round < 3; round++) {
        send(round == 0 ? before : 0, count);
        int64_t grown = statm_read(statm_resident) - resident;
        if (grown > (can_unlock ? 0 : renewed_most))
            return wrong;
        for (unsigned i = 0; i < count; i++) {
            if (!bring_back(i, 1))
                return wrong;
        }
    }
    return !can_unlock || count_mappings() < mappings + 10 ? right : wrong;
}

static int locked_later(void)
{
    return locked_later_or(true);
}

static int locked_for_good(void)
{
    return refuse_syscall(__NR_munlock, EPERM) ? locked_later_or(false) : wrong;
}

static bool has_guards(void)
{
    unsigned char *page = page_map_stacks(arch_page_size);
    return page_guard_error(page, arch_page_size) == 0 && page_is_guarded(page);
}

int main(void)
{
    cases_need(has_guards() && refusals_work(), "no guards without a mapping, or no seccomp, here");
    check_case(goes, right, "memory and page tables go, and the mappings stay few");
    check_case(comes_back, right, "each comes back with its guard");
    check_case(neighbours, right, "whatever its neighbours do");
    check_case(ends, right, "and is given back as others are");
    check_case(faults_below, forked_died + SIGSEGV, "below it a write faults");
    check_case(no_renewal, right, "no new mapping: the memory goes, the guards stay");
    check_case(no_guards, forked_died + SIGSEGV, "no such guard any more: one by mprotect");
    check_case(locked, right, "locked memory: all stays where it is");
    check_case(locked_later, right, "fresh mappings are locked: one is tried, and unlocked again");
    check_case(locked_for_good, right, "which is refused: the guards come back all the same");
    return tap_done();
}
