/*
 * Tasks that find no stack at first, where memory for one is held by somebody, or comes back; and
 * what goes back when nobody needs it. The first argument says which.
 */
#include <asm/errno.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "abi/time.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/refuse.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, KiB = 1024, MiB = 1024 * 1024, GiB = 1024 * 1024 * 1024 };

static keel_chan *chan;
static uint32_t ended;

static keel_task *create(void *(*fn)(void *), void *arg, size_t size)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = size, .name = "sized"});
}

static void *receive(void *arg)
{
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *sleep_a_little(void *arg)
{
    keel_sleep(2 * MILLISECOND);
    arrive(arg);
    return NULL;
}

static void limit_addresses(uint64_t bytes)
{
    struct abi_rlimit limit = {bytes, bytes};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
}

/*
 * Room for one: who ends stands on the only stack of its size that can be had, and gives it up
 * before it looks for the next.
 */
static int follow_each_other(void)
{
    enum { many = 6 };
    keel_task *tasks[many];
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)GiB + 500 * (uint64_t)MiB);
    for (int i = 0; i < many; i++)
        tasks[i] = create(sleep_a_little, &ended, GiB);
    for (int i = 0; i < many; i++)
        keel_task_await(tasks[i], NULL);
    return ended == many ? right : wrong;
}

/* KEEL_STACK_SIZE is 1 GiB: room for two such, or for one and 512 MiB. */
static int needs_no_spare(void)
{
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)2 * GiB + 300 * (uint64_t)MiB);
    keel_task_await(create(sleep_a_little, &ended, GiB / 2), NULL);
    return ended == 1 ? right : wrong;
}

/* KEEL_STACK_SIZE is 1 MiB: what one worker keeps for itself is there for who starves on it. */
static int empties_its_cache(void)
{
    enum { many = 4 };
    keel_task *tasks[many];
    keel_sleep(MILLISECOND);
    for (int i = 0; i < many; i++)
        tasks[i] = keel_task_create(sleep_a_little, &ended, NULL);
    for (int i = 0; i < many; i++)
        keel_task_await(begun(tasks[i]), NULL);
    int64_t kept = statm_read(statm_mapped);
    limit_addresses((uint64_t)kept + 1 * MiB);
    keel_task_detach(create(sleep_a_little, &ended, 2 * MiB));
    return yield_until(&ended, many + 1) ? right : wrong;
}

/* ---- at the limit of mappings, with sizes */

/* Each stack takes two mappings: some begin, the others wait for ever, and that is said. */
static int waits_at_the_limit(void)
{
    enum { many = 40000 };
    refuse_slots(EINVAL);
    for (int i = 0; i < many; i++)
        keel_task_detach(create(receive, NULL, 8 * KiB));
    keel_chan_receive(chan, NULL);
    return wrong;
}

/* ---- packed stacks */

static uint32_t seen_starved; /* the most at a time that somebody saw */

static void look_for_starved(void)
{
    uint32_t count = atomic_load(&sched.starved_count, RELAXED); /* RELAXED: only looks */
    if (count > atomic_load(&seen_starved, RELAXED))
        atomic_store(&seen_starved, count, RELAXED); /* RELAXED: one more or less */
}

enum { packed_many = 8000, packed_room = 12 * MiB };

/*
 * Addresses for a third of them. Returns how many there are: others may begin so early that no room
 * is left for descriptors.
 */
static uint32_t create_packed(void *(*fn)(void *))
{
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)statm_read(statm_mapped) + packed_room);
    for (uint32_t i = 0; i < packed_many; i++) {
        keel_task *task = create(fn, &ended, 4 * KiB);
        if (task == NULL)
            return i;
        keel_task_detach(task);
    }
    return packed_many;
}

static void *sleep_long(void *arg)
{
    keel_sleep(20 * MILLISECOND);
    look_for_starved();
    arrive(arg);
    return NULL;
}

/* Places come back as others end; who has one keeps it. */
static int packed_follow_each_other(void)
{
    uint32_t count = create_packed(sleep_long);
    while (atomic_load(&ended, RELAXED) < count) { /* RELAXED: only looks */
        look_for_starved();
        keel_yield();
    }
    return seen_starved > 0 ? right : wrong;
}

static int packed_wait_for_ever(void)
{
    create_packed(receive);
    keel_chan_receive(chan, NULL);
    return wrong;
}

/*
 * KEEL_STACK_SIZE is 1 GiB: room for two such, on one of which a task sleeps. So there is no spare
 * for the worker on the other, and none is needed.
 */
static int packed_need_no_spare(void)
{
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)2 * GiB + 300 * (uint64_t)MiB);
    keel_task *parked = begun(create(sleep_a_little, &ended, KiB));
    keel_task *long_one = begun(keel_task_create(sleep_long, &ended, NULL));
    keel_task *fresh = create(sleep_a_little, &ended, KiB);
    keel_task_await(long_one, NULL);
    keel_task_await(parked, NULL);
    keel_task_await(fresh, NULL);
    return ended == 3 && seen_starved == 0 ? right : wrong;
}

static void *give_back(void *arg)
{
    return arg;
}

/* All that can be had lies in the pool of the default size. */
static int packed_after_default(void)
{
    enum { many = 600 };
    static keel_task *tasks[many];
    for (int i = 0; i < many; i++)
        tasks[i] = create(receive, NULL, 0);
    for (int i = 0; i < many; i++)
        begun(tasks[i]);
    keel_chan_close(chan);
    for (int i = 0; i < many; i++)
        keel_task_await(tasks[i], NULL);
    limit_addresses((uint64_t)statm_read(statm_mapped));
    void *result = NULL;
    keel_task_await(create(give_back, tasks, KiB), &result);
    return result == tasks ? right : wrong;
}

/* They run beside runners of the default size alone: one that stands on another's goes over. */
static void *needs_default_runner(void *arg)
{
    const struct mem_stack *runner = sched_worker()->thread->runner;
    (void)arg;
    return (void *)(uintptr_t)(runner->size == &mem_stack_default);
}

static void *begin_packed(void *arg)
{
    *(keel_task **)arg = create(needs_default_runner, NULL, KiB);
    return NULL;
}

static int packed_beside_the_default(void)
{
    enum { tries = 200 };
    for (int i = 0; i < tries; i++) {
        keel_task *packed = NULL;
        void *is_right = NULL;
        keel_task_await(create(begin_packed, &packed, 64 * KiB), NULL);
        keel_task_await(packed, &is_right);
        if (is_right == NULL)
            return wrong;
    }
    return right;
}

/* ---- back from a blocking call, when the worker is another's and no stack is to be had */

static uint32_t may_come_back;

static void *block_long(void *arg)
{
    struct abi_timespec time = {.nanoseconds = MILLISECOND};
    keel_blocking_begin();
    while (!have_arrived(&may_come_back, 1))
        arch_syscall4(__NR_clock_nanosleep, 0, 0, (long)&time, 0);
    keel_blocking_end();
    arrive(arg);
    return NULL;
}

/* KEEL_STACK_SIZE is 1 GiB, of which tasks that wait for ever take those that are there. */
static keel_task *come_back_without(size_t size)
{
    enum { more_than_idle = 4 };
    keel_task *task = begun(create(block_long, &ended, size));
    keel_sleep(30 * MILLISECOND);
    limit_addresses((uint64_t)statm_read(statm_mapped) + MiB);
    for (int i = 0; i < more_than_idle; i++)
        keel_task_detach(create(receive, NULL, 0));
    keel_sleep(30 * MILLISECOND);
    arrive(&may_come_back);
    return task;
}

static int packed_comes_back(void)
{
    keel_task_await(come_back_without(KiB), NULL);
    return ended == 1 ? right : wrong;
}

static int never_comes_back(void)
{
    keel_task_await(come_back_without(0), NULL);
    return wrong;
}

/* What main gives back is enough for all. */
static int comes_back_later(void)
{
    enum { room_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };
    const size_t room_size = (size_t)8 * GiB;
    long room = arch_syscall6(__NR_mmap, 0, (long)room_size, PROT_NONE, room_flags, -1, 0);
    keel_task *task = come_back_without(0);
    keel_sleep(200 * MILLISECOND);
    if (ended != 0)
        return wrong;
    arch_syscall2(__NR_munmap, room, (long)room_size);
    keel_task_await(task, NULL);
    return ended == 1 ? right : wrong;
}

/* ---- beside one that can never begin */

static void *take_turns(void *arg)
{
    for (uintptr_t i = 0; i < (uintptr_t)arg; i++)
        keel_yield();
    return NULL;
}

static int tries_seldom(void)
{
    enum { turns = 2000 };
    keel_sleep(MILLISECOND);
    limit_addresses(800 * (uint64_t)MiB);
    keel_task_detach(create(receive, NULL, GiB));
    keel_task *one = keel_task_create(take_turns, (void *)(uintptr_t)turns, NULL);
    keel_task *other = keel_task_create(take_turns, (void *)(uintptr_t)turns, NULL);
    keel_task_await(begun(one), NULL);
    keel_task_await(begun(other), NULL);
    return right;
}

/* ---- trimming */

static void fill(size_t size)
{
    volatile char *block = __builtin_alloca(size);
    for (size_t i = 0; i < size; i += 4096)
        block[i] = 1;
}

static void *fill_and_sleep(void *arg)
{
    fill((size_t)arg);
    keel_sleep(2 * MILLISECOND);
    fill((size_t)arg);
    return NULL;
}

/* Stacks come into the pool while another worker trims what lies there: they are trimmed too. */
static int trims_what_came_meanwhile(void)
{
    enum { many = 48, used = 2000 * KiB, rounds = 30, kept_most = 4 * MiB };
    keel_task *tasks[many];
    int64_t before = statm_read(statm_resident);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < many; i++)
            tasks[i] = create(fill_and_sleep, (void *)(uintptr_t)used, used + 24 * KiB);
        for (int i = 0; i < many; i++)
            keel_task_await(begun(tasks[i]), NULL);
        keel_sleep(10 * MILLISECOND);
    }
    /* The first pause is enough, as a rule: each further one wakes a worker, which trims again. */
    int64_t pause = 100 * MILLISECOND;
    for (int i = 0; i < 3; i++, pause *= 5) {
        keel_sleep(pause);
        if (statm_read(statm_resident) - before <= kept_most)
            return right;
    }
    return wrong;
}

enum { trimmed = 200 * MiB };

static uint32_t filled;

static void fill_and_end(void *arg)
{
    fill((size_t)arg);
    arrive(&filled);
}

static bool others_search(void)
{
    return atomic_load(&sched.searching, RELAXED) != 0; /* RELAXED: only looks */
}

/*
 * KEEL_STACK_SIZE is 256 MiB, and there are two workers. The other one gives back what lies deep in
 * its stack before it sleeps: how often it is seen at that, and seems to search or not.
 */
static void watch_trimming(unsigned seen[2])
{
    int64_t before = statm_read(statm_resident);
    filled = 0;
    keel_spawn(fill_and_end, (void *)(uintptr_t)trimmed);
    if (!keep_cpu_until(&filled, 1))
        return;
    for (int64_t end = keel_now() + meeting_patience; keel_now() < end;) {
        bool searches = others_search();
        int64_t left = statm_read(statm_resident) - before;
        if (left < trimmed / 8)
            return;
        if (left < trimmed * 3 / 4 && left > trimmed / 4 && searches == others_search())
            seen[searches]++;
    }
}

static int trims_unsearching(void)
{
    enum { enough = 20 };
    unsigned seen[2] = {0, 0};
    int64_t end = keel_now() + 4 * meeting_patience; /* both must have a CPU just then */
    while (seen[false] + seen[true] < enough && keel_now() < end)
        watch_trimming(seen);
    return seen[false] > seen[true] ? right : wrong;
}

static const struct way ways[] = {
    {"follow", follow_each_other},
    {"no-spare", needs_no_spare},
    {"cached", empties_its_cache},
    {"at-the-limit", waits_at_the_limit},
    {"seldom", tries_seldom},
    {"meanwhile", trims_what_came_meanwhile},
    {"unsearching", trims_unsearching},
    {"packed", packed_follow_each_other},
    {"packed-for-ever", packed_wait_for_ever},
    {"packed-spare", packed_need_no_spare},
    {"packed-after-default", packed_after_default},
    {"blocking-packed", packed_comes_back},
    {"blocking-for-ever", never_comes_back},
    {"blocking-later", comes_back_later},
    {"packed-runner", packed_beside_the_default},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
