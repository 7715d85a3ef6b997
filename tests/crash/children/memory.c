/* What happens when no stack can be had; the first argument says for whom. */
#include <linux/resource.h>

#include "abi/system.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/refuse.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { task_count = 5000, room_for_stacks = 200 };

static keel_chan *chan;
static uint32_t ended;

static void limit_memory(void)
{
    uint64_t bytes =
        (uint64_t)statm_read(statm_mapped) + room_for_stacks * (uint64_t)mem_stack_slot;
    struct abi_rlimit limit = {bytes, bytes};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
}

static void wait_for_ever(void *arg)
{
    keel_chan_receive(arg, NULL);
}

static void wait_and_arrive(void *arg)
{
    keel_chan_receive(chan, NULL);
    arrive(arg);
}

static void sleep_a_little(void *arg)
{
    keel_sleep(MILLISECOND);
    arrive(arg);
}

/* More tasks than stacks, and none of them ever ends. */
static int all_wait(void)
{
    limit_memory();
    for (int i = 0; i < task_count; i++)
        keel_spawn(wait_for_ever, chan);
    keel_chan_receive(chan, NULL);
    return 0;
}

/* The same on a kernel without the guards of slots. */
static int all_wait_mapped(void)
{
    refuse_slots(EINVAL);
    return all_wait();
}

/*
 * As many as the kernel lets a process have mappings (vm.max_map_count), which is more than there
 * can be stacks when each takes two. None ever ends.
 */
enum { more_than_mappings = 40000 };

static int all_wait_at_limit(void)
{
    refuse_slots(EINVAL);
    for (int i = 0; i < more_than_mappings; i++) {
        if (keel_spawn(wait_for_ever, chan) != 0)
            return 1;
    }
    keel_chan_receive(chan, NULL);
    return 0;
}

/* The same, and then each ends, so that the others begin: nothing was damaged by the refusals. */
static int all_end_at_limit(void)
{
    refuse_slots(EINVAL);
    for (int i = 0; i < more_than_mappings; i++) {
        if (keel_spawn(wait_and_arrive, &ended) != 0)
            return 1;
    }
    while (!sched_anyone_starved())
        keel_sleep(MILLISECOND);
    keel_chan_close(chan);
    while (!have_arrived(&ended, more_than_mappings))
        keel_sleep(MILLISECOND);
    return 0;
}

/* More tasks than stacks at any time; but each ends soon, and then another can begin. */
static int all_end(void)
{
    keel_sleep(MILLISECOND); /* main has its spare stack from here on */
    limit_memory();
    for (int i = 0; i < task_count; i++) {
        while (keel_spawn(sleep_a_little, &ended) != 0)
            keel_sleep(MILLISECOND); /* the stacks of others took the memory for descriptors */
    }
    while (!have_arrived(&ended, task_count))
        keel_sleep(MILLISECOND);
    return 0;
}

static void take_all(void)
{
    while (mem_stack_acquire() != NULL)
        continue;
}

/* main parks for the first time, and there is no stack to go on with. */
static int first_park(void)
{
    limit_memory();
    take_all();
    keel_sleep(MILLISECOND);
    return 0;
}

static const struct way ways[] = {
    {"all-wait", all_wait},
    {"all-wait-mapped", all_wait_mapped},
    {"all-wait-at-limit", all_wait_at_limit},
    {"all-end-at-limit", all_end_at_limit},
    {"all-end", all_end},
    {"first-park", first_park},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
