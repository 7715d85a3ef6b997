/*
 * 100,000 tasks that wait at once, each on a guarded stack of its own, where the kernel has guards
 * that take no mapping (mem/slots.h); and how much of its limits and of memory they take.
 */
#include "keel/chan.h"
#include "mem/pages.h"
#include "mem/slots.h"
#include "sched/sched.h"
#include "tests/mem/has_slots.h"
#include "tests/mem/resident.h"
#include "tests/sched/meeting.h"

enum {
    count = 100000,
    /* 100 chunks of stacks and 172 of descriptors, if the kernel joins none; most often 50. */
    mappings_most = 320,
    kept = 1000, /* stacks, by the pool and the workers */
    /* A page of the stack, the descriptor, and some for what lies beside and what was deep. */
    bytes_most = 4096 + 128 + 300,
};

static uint32_t parked, ended;
static keel_chan *gate;

static void wait_at_gate(void *arg)
{
    (void)arg;
    arrive(&parked);
    keel_chan_receive(gate, NULL);
    arrive(&ended);
}

int main(void)
{
    if (!has_slots()) {
        skip("100,000 parked tasks", "no guards without a mapping here");
        return tap_done();
    }
    gate = keel_chan_create(0, 0);
    int64_t resident = statm_read(statm_resident);
    bool spawned = true;
    for (unsigned i = 0; i < count; i++)
        spawned = keel_spawn(wait_at_gate, NULL) == 0 && spawned;
    check(spawned && yield_until(&parked, count), "100,000 tasks wait");
    check(mem_stack_count() >= count, "on a stack each");
    int64_t mappings = count_mappings();
    if (mappings == 0)
        skip("how many mappings they take", "/proc/self/maps cannot be read");
    else if (!check(mappings < mappings_most, "which take a handful of mappings"))
        tap_note("mappings", mappings);
    int64_t bytes = (statm_read(statm_resident) - resident) / count;
    tap_note("bytes a task", bytes);
    check(bytes < bytes_most, "and little more than a page each");
    keel_chan_close(gate);
    check(yield_until(&ended, count), "all of them go on");
    /* The last are on their way to the end. */
    int64_t end = keel_now() + meeting_patience;
    while (mem_stack_count() > kept && keel_now() < end)
        keel_sleep(MILLISECOND);
    check(mem_stack_count() <= kept, "and their stacks go back");
    return tap_done();
}
