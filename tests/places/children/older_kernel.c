/*
 * The /init of a machine whose kernel has no guards that take no mapping (before Linux 6.13): tasks
 * up to the limit vm.max_map_count and beyond. older_kernel.t boots it. With the argument `limit`
 * there are more tasks than the kernel allows stacks; they end all the same, unharmed; then more by
 * the sysctl; then one of them overflows its stack, which ends the machine. With `stuck` nothing
 * can wake them, which ends the machine, too.
 */
#include <linux/fcntl.h>

#include "base/memory.h"
#include "keel/chan.h"
#include "keel/mem.h"
#include "mem/pages.h"
#include "mem/slots.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum {
    count = 40000,
    stacks_least = 30000, /* of 65,530 mappings, two a stack */
    stacks_most = 32765,
    raised_count = 60000,
    words = 64,
    block = 8 * 1024 * 1024, /* its own mapping */
};

static keel_chan *gate;
static uint32_t parked, unguarded, unharmed;

/* Something of its own on each stack, which nobody else may change. */
static void wait_at_gate(void *arg)
{
    volatile uintptr_t own[words];
    for (unsigned i = 0; i < words; i++)
        own[i] = (uintptr_t)arg * words + i;
    if (!page_is_guarded((void *)(sched_self()->stack->low - arch_page_size)))
        arrive(&unguarded);
    arrive(&parked);
    keel_chan_receive(gate, NULL);
    uint32_t same = 0;
    for (unsigned i = 0; i < words; i++)
        same += own[i] == (uintptr_t)arg * words + i;
    if (same == words)
        arrive(&unharmed);
}

/* Returns when no more have arrived for a second, or all. */
static uint32_t wait_for_arrivals(const uint32_t *arrived, uint32_t wanted)
{
    uint32_t before = 0;
    for (int idle = 0; idle < 10 && !have_arrived(arrived, wanted); idle++) {
        uint32_t now = atomic_load(arrived, ACQUIRE); /* ACQUIRE: with the RELEASE in arrive */
        if (now != before)
            idle = 0;
        before = now;
        keel_sleep(100 * MILLISECOND);
    }
    return atomic_load(arrived, ACQUIRE); /* ACQUIRE: as above */
}

/* How many: at the limit there may be no memory for a further task. */
static uint32_t spawn_most(uint32_t tasks)
{
    uint32_t spawned = 0;
    parked = unguarded = unharmed = 0;
    while (spawned < tasks && keel_spawn(wait_at_gate, (void *)(uintptr_t)(spawned + 1)) == 0)
        spawned++;
    return spawned;
}

static void meet_limit(void)
{
    uint32_t spawned = spawn_most(count);
    uint32_t begun = wait_for_arrivals(&parked, spawned);
    tap_note("tasks", spawned);
    tap_note("of them wait, on a stack each", begun);
    check(mem_slots_are_refused(), "the kernel has no guards without a mapping");
    check(begun > stacks_least && begun < stacks_most, "so many have a stack as mappings allow");
    check_equal(unguarded, 0, "with a guard");
    /* Mappings that touch and are alike are one, so there may be room beside another. */
    void *memory = keel_alloc(block);
    tap_note("other memory can still be had", memory != NULL);
    if (memory != NULL)
        memset(memory, 1, block);
    keel_free(memory);
    keel_chan_close(gate);
    check_equal(wait_for_arrivals(&unharmed, spawned), spawned,
                "all end, and no stack was touched");
    memory = keel_alloc(block);
    check(memory != NULL, "then there is memory in any case");
    keel_free(memory);
    keel_chan_release(gate, NULL);
}

static bool write_file(const char *path, const char *text)
{
    long file = arch_syscall3(__NR_open, (long)path, O_WRONLY, 0);
    long len = (long)strlen(text);
    long written = arch_syscall3(__NR_write, file, (long)text, len);
    arch_syscall1(__NR_close, file);
    return written == len;
}

static void raise_limit(void)
{
    arch_syscall2(__NR_mkdir, (long)"/proc", 0755);
    arch_syscall5(__NR_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
    check(write_file("/proc/sys/vm/max_map_count", "250000"), "the limit is raised");
    gate = keel_chan_create(0, 0);
    int64_t resident = statm_read(statm_resident);
    check_equal(spawn_most(raised_count), raised_count, "then there are 60,000 tasks");
    check_equal(wait_for_arrivals(&parked, raised_count), raised_count, "and all wait");
    check_equal(unguarded, 0, "with a guard, too");
    tap_note("bytes of memory a task",
             (statm_read(statm_resident) - resident) / (int64_t)raised_count);
}

static int fill_stack(int depth)
{
    volatile char room[1000];
    room[0] = (char)depth;
    return depth == 0 ? 0 : fill_stack(depth - 1) + room[0];
}

static void overflow(void *arg)
{
    (void)arg;
    fill_stack(1000 * 1000);
}

static int limit(void)
{
    meet_limit();
    raise_limit();
    keel_spawn(overflow, NULL);
    keel_sleep(KEEL_FOREVER);
    return 1;
}

static int stuck(void)
{
    spawn_most(count);
    keel_chan_receive(gate, NULL);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {{"limit", limit}, {"stuck", stuck}};
    if (arch_syscall0(__NR_getpid) != 1)
        return way_unknown; /* elsewhere it would change the kernel's settings */
    gate = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
