/*
 * Two threads send the last stacks of two groups of slots, side by side, at the same time, again
 * and again: whichever comes first, the page tables of both go, that between them too.
 */
#include "mem/away.h"
#include "mem/slot_chunk.h"
#include "tests/mem/has_slots.h"
#include "tests/mem/tables.h"
#include "tests/sched/meeting.h"

enum {
    stacks = 700,
    groups = 2,
    pair = groups * mem_slots_in_word,
    rounds = 2000,
    used_bytes = 5000,
};

static struct mem_away taken[stacks];
static struct mem_away slots[pair]; /* of two groups, in order */

/* Finds two groups side by side of which all slots are taken. */
static bool find_pair(void)
{
    for (unsigned i = 0; i < stacks; i++) {
        struct slot_chunk *chunk = taken[i].chunk;
        if (chunk == NULL || mem_slot_index(chunk, (uintptr_t)taken[i].stack) % pair != 0)
            continue;
        uint32_t first = mem_slot_index(chunk, (uintptr_t)taken[i].stack), found = 0;
        for (unsigned j = 0; j < stacks; j++) {
            if (taken[j].chunk != chunk)
                continue;
            uint32_t index = mem_slot_index(chunk, (uintptr_t)taken[j].stack) - first;
            found += index < pair;
            if (index < pair)
                slots[index] = taken[j];
        }
        if (found == pair)
            return true;
    }
    return false;
}

static uint32_t arrived; /* atomic */
static unsigned own_slot[groups];
static uint32_t failures; /* atomic */

/* The two wait for each other, for the time of this number. */
static void meet(uint32_t *met)
{
    arrive(&arrived);
    if (!spin_until(&arrived, groups * ++*met))
        arrive(&failures);
}

/* Its own slot comes back, and both go at the same time. */
static void come_and_go(unsigned group, uint32_t *met)
{
    const struct mem_away *own = &slots[own_slot[group]];
    if (!mem_away_return(own))
        arrive(&failures);
    *((volatile unsigned char *)own->stack - used_bytes) = 1;
    meet(met);
    mem_away_send(own, 1);
    meet(met);
}

static void *go_along(void *arg)
{
    uint32_t met = 0;
    meet(&met);
    meet(&met);
    for (unsigned round = 0; round < rounds && !have_arrived(&failures, 1); round++) {
        come_and_go(1, &met);
        meet(&met); /* the other looks at the tables before */
    }
    return arg;
}

static void check_together(unsigned of_first, unsigned of_second, const char *what)
{
    uint32_t met = 0;
    unsigned left = 0;
    own_slot[0] = of_first;
    own_slot[1] = of_second;
    atomic_store(&arrived, 0, RELAXED); /* RELAXED: the spawn publishes it */
    for (unsigned i = 0; i < pair; i += mem_away_most)
        mem_away_send(&slots[i], mem_away_most);
    keel_task *other = keel_task_create(go_along, NULL, NULL);
    meet(&met); /* its worker is there */
    int64_t before = table_size();
    meet(&met);
    for (unsigned round = 0; round < rounds && !have_arrived(&failures, 1); round++) {
        come_and_go(0, &met);
        left += table_size() > before;
        meet(&met);
    }
    keel_task_await(other, NULL);
    tap_note("rounds after which page tables were left", left);
    check(left == 0 && !have_arrived(&failures, 1), what);
    for (unsigned i = 0; i < pair; i++)
        mem_away_return(&slots[i]);
}

int main(void)
{
    if (!has_slots() || keel_worker_count() < groups) {
        skip("two renew groups at the same time", "no slots here, or one worker only");
        return tap_done();
    }
    for (unsigned i = 0; i < stacks; i++) {
        struct mem_stack *stack = mem_stack_acquire();
        if (stack != NULL)
            taken[i] = (struct mem_away){stack, stack->chunk};
    }
    bool found = find_pair();
    check(found, "two groups side by side");
    if (!found)
        return tap_done();
    check_together(32, pair - 32, "one each comes and goes in the middle: no page table is left");
    check_together(mem_slots_in_word - 1, mem_slots_in_word, "and at the border between them");
    return tap_done();
}
