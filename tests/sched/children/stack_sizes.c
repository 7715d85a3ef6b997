/* Tasks with stacks of other sizes than the default; the first argument says what they do. */
#include <asm/errno.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "keel/chan.h"
#include "keel/fault.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/refuse.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, KiB = 1024, MiB = 1024 * 1024, GiB = 1024 * 1024 * 1024 };

static keel_task *create(void *(*fn)(void *), void *arg, size_t size)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = size, .name = "sized"});
}

static void *give_back(void *arg)
{
    return arg;
}

static int has_bounds(void)
{
    static const size_t good[] = {1 * KiB, 4 * KiB, 5000, 128 * KiB, GiB};
    static const size_t bad[] = {1, 1 * KiB - 1, (size_t)GiB + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (create(give_back, NULL, bad[i]) != NULL)
            return wrong;
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        void *result = NULL;
        if (keel_task_await(create(give_back, (void *)good, good[i]), &result) != 0 ||
            result != good)
            return wrong;
    }
    return right;
}

/* ---- what is promised can be used */

/* Fills as much, lets others do so too, and finds it as it was: NULL. */
static __attribute__((noinline)) void *use(size_t size)
{
    volatile uint64_t *block = __builtin_alloca(size);
    uint64_t seed = (uintptr_t)block;
    for (size_t i = 0; i < size / sizeof *block; i += 8)
        block[i] = seed + i;
    for (int i = 0; i < 3; i++)
        keel_yield();
    for (size_t i = 0; i < size / sizeof *block; i += 8) {
        if (block[i] != seed + i)
            return sched_self();
    }
    return NULL;
}

/* What calls of the library may need is in the promise: a part of it is left for them. */
static void *use_promise(void *arg)
{
    enum { for_calls = 1536 };
    return use((size_t)arg - for_calls);
}

static int holds_promises(void)
{
    enum { of_each = 8 };
    keel_task *tasks[of_each];
    for (size_t size = 4 * KiB; size <= 32 * MiB; size *= 2) {
        for (int i = 0; i < of_each; i++)
            tasks[i] = create(use_promise, (void *)size, size);
        for (int i = 0; i < of_each; i++) {
            void *result = tasks;
            keel_task_await(tasks[i], &result);
            if (result != NULL)
                return wrong;
        }
    }
    return right;
}

/* By KEEL_STACK_SIZE; its value is the second argument of the program. */
static size_t default_size;

static void *default_child(void *arg)
{
    void *result = NULL;
    keel_task_await(keel_task_create(use_promise, arg, NULL), &result);
    return result;
}

/* On stacks of their own, and on that of who awaits them. */
static int holds_default(void)
{
    enum { count = 8 };
    keel_task *tasks[count];
    void *wanted = (void *)default_size;
    for (int i = 0; i < count; i++)
        tasks[i] = keel_task_create(i % 2 == 0 ? use_promise : default_child, wanted, NULL);
    for (int i = 0; i < count; i++) {
        void *result = tasks;
        keel_task_await(begun(tasks[i]), &result);
        if (result != NULL)
            return wrong;
    }
    return right;
}

/* ---- where they run */

static void *own_frame(void *arg)
{
    (void)arg;
    return __builtin_frame_address(0);
}

static bool is_on_stack_of(const struct keel_task *task, uintptr_t address)
{
    return address >= task->stack->low && address < (uintptr_t)task->stack;
}

static void *await_child(void *arg)
{
    void *frame = NULL;
    keel_task_await(create(own_frame, NULL, (size_t)arg), &frame);
    return (void *)(uintptr_t)is_on_stack_of(sched_self(), (uintptr_t)frame);
}

/* Awaited by a task with the default size, and with a large one, which has the room. */
static int is_not_hosted(void)
{
    void *is_hosted = NULL;
    keel_task_await(begun(keel_task_create(await_child, (void *)(64 * KiB), NULL)), &is_hosted);
    if (is_hosted != NULL)
        return wrong;
    keel_task_await(create(await_child, (void *)(64 * KiB), 16 * MiB), &is_hosted);
    return is_hosted == NULL ? right : wrong;
}

static uint32_t mixed_ended;

static void *take_part(void *arg)
{
    uintptr_t number = (uintptr_t)arg;
    for (uintptr_t i = 0; i < number % 5; i++) {
        if (use(1 * KiB) != NULL)
            return NULL;
        if (number % 7 == 0)
            keel_sleep(MILLISECOND / 20);
    }
    arrive(&mixed_ended);
    return arg;
}

/* All sizes among each other, defaults too: each task begins on a stack of its size. */
static int mixes(void)
{
    enum { count = 2000, sizes = 8 };
    static keel_task *tasks[count];
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = create(take_part, (void *)i, i % sizes == 0 ? 0 : (size_t)4 * KiB << i % sizes);
    for (uintptr_t i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i * 7 % count], &result);
        if (result != (void *)(i * 7 % count))
            return wrong;
    }
    return mixed_ended == count ? right : wrong;
}

static keel_chan *chan;

static void *receive(void *arg)
{
    keel_chan_receive(chan, NULL);
    return arg;
}

/* The stack agrees with what was asked for, and many take a page or two each. */
static int takes_little(void)
{
    enum { count = 2000, bytes_most = 3 * 4096 };
    static keel_task *tasks[count];
    int64_t before = statm_read(statm_resident);
    for (int i = 0; i < count; i++)
        tasks[i] = create(receive, NULL, 2 * KiB);
    for (int i = 0; i < count; i++) {
        begun(tasks[i]);
        if (mem_stack_usable(tasks[i]->stack) > 32 * KiB)
            return wrong;
    }
    int64_t grown = statm_read(statm_resident) - before;
    keel_chan_close(chan);
    for (int i = 0; i < count; i++)
        keel_task_await(tasks[i], NULL);
    return grown < (int64_t)count * bytes_most ? right : wrong;
}

/* ---- memory goes back */

static void *use_deeply(void *arg)
{
    return use((size_t)arg);
}

enum { tasks_most = 64 };

/*
 * So many tasks use their stacks and end: what they used goes back, but for `kept`, though the
 * stacks stay, and though a runner sleeps on one of them.
 */
static bool goes_back(void *(*fn)(void *), int count, size_t used, size_t size, int64_t kept)
{
    keel_task *tasks[tasks_most];
    int64_t before = statm_read(statm_resident);
    for (int i = 0; i < count; i++)
        tasks[i] = create(fn, (void *)used, size);
    for (int i = 0; i < count; i++)
        keel_task_await(begun(tasks[i]), NULL);
    int64_t end = keel_now() + meeting_patience;
    while (statm_read(statm_resident) - before > kept && keel_now() < end)
        keel_sleep(2 * MILLISECOND);
    return statm_read(statm_resident) - before <= kept;
}

static void *fill(void *arg)
{
    volatile char *block = __builtin_alloca((size_t)arg);
    for (size_t i = 0; i < (size_t)arg; i += 1024)
        block[i] = 1;
    return NULL;
}

static int gives_memory_back(void)
{
    /* What the first tasks take is there. */
    keel_task_await(begun(create(use_deeply, (void *)(8 * KiB), 16 * KiB)), NULL);
    bool runner = goes_back(fill, 4, 8 * MiB, 16 * MiB, 4 * MiB);
    bool others = goes_back(use_deeply, 4, 8 * MiB, 16 * MiB, 4 * MiB);
    return runner && others ? right : wrong;
}

/* With the default size, of which caches and the pool keep more. */
static int gives_default_back(void)
{
    keel_task_await(begun(create(use_deeply, (void *)(8 * KiB), 0)), NULL);
    return goes_back(use_deeply, tasks_most, 100 * KiB, 0, 3 * MiB / 2) ? right : wrong;
}

static void *yield_and_end(void *arg)
{
    keel_yield();
    return arg;
}

/* Never without a task that is ready. */
static void be_busy(void)
{
    keel_task *tasks[tasks_most];
    for (int i = 0; i < tasks_most; i++)
        tasks[i] = keel_task_create(yield_and_end, NULL, NULL);
    for (int i = 0; i < tasks_most; i++)
        keel_task_await(begun(tasks[i]), NULL);
}

/* What lies in the cache of a worker that always has something to do. */
static int gives_back_when_busy(void)
{
    enum { count = 16, used = 100 * KiB, kept_most = MiB / 2 };
    keel_task *tasks[count];
    be_busy();
    int64_t before = statm_read(statm_resident);
    for (int i = 0; i < count; i++)
        tasks[i] = keel_task_create(use_deeply, (void *)(uintptr_t)used, NULL);
    for (int i = 0; i < count; i++)
        keel_task_await(begun(tasks[i]), NULL);
    int64_t end = keel_now() + meeting_patience;
    while (statm_read(statm_resident) - before > kept_most && keel_now() < end)
        be_busy();
    return statm_read(statm_resident) - before <= kept_most ? right : wrong;
}

/* ---- no memory */

static void limit_addresses(uint64_t bytes)
{
    struct abi_rlimit limit = {bytes, bytes};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
}

static uint32_t ended, small_ended;

static void *sleep_a_little(void *arg)
{
    keel_sleep(2 * MILLISECOND);
    arrive(arg);
    return NULL;
}

/* Two or three at a time find room; those that want little do not wait behind them. */
static int starves(void)
{
    enum { large = 12, small = 200 };
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)3 * GiB + 700 * (uint64_t)MiB);
    for (int i = 0; i < large; i++)
        keel_task_detach(create(sleep_a_little, &ended, GiB));
    for (int i = 0; i < small; i++)
        keel_task_detach(create(sleep_a_little, &small_ended, i % 2 == 0 ? 0 : 16 * KiB));
    while (!have_arrived(&ended, large) || !have_arrived(&small_ended, small))
        keel_sleep(MILLISECOND);
    return right;
}

/* The same, and main never sleeps. */
static int starves_while_main_yields(void)
{
    enum { large = 6 };
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)2 * GiB + 700 * (uint64_t)MiB);
    for (int i = 0; i < large; i++)
        keel_task_detach(create(sleep_a_little, &ended, GiB));
    return yield_until(&ended, large) ? right : wrong;
}

static uint32_t waiting;

static void *wait_at_channel(void *arg)
{
    arrive(&waiting);
    keel_chan_receive(chan, NULL);
    return arg;
}

/* What large stacks hold that nobody has any more is there for others. */
static int empties_pools(void)
{
    enum { large = 2, many = 2000 };
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)large * GiB + 400 * (uint64_t)MiB);
    for (int i = 0; i < large; i++)
        keel_task_detach(create(sleep_a_little, &ended, GiB));
    while (!have_arrived(&ended, large))
        keel_sleep(MILLISECOND);
    for (int i = 0; i < many; i++)
        keel_task_detach(create(wait_at_channel, NULL, 0));
    return yield_until(&waiting, many) ? right : wrong;
}

static int starves_for_ever(void)
{
    keel_sleep(MILLISECOND);
    limit_addresses((uint64_t)3 * GiB + 700 * (uint64_t)MiB);
    for (int i = 0; i < 10; i++)
        keel_task_detach(create(receive, NULL, GiB));
    keel_chan_receive(chan, NULL);
    return wrong;
}

/* Of large sizes the pools keep one or two, in vain as a rule. */
static int keeps_few_large(void)
{
    enum { many = 12 };
    keel_task *tasks[many];
    int64_t before = statm_read(statm_mapped);
    for (int i = 0; i < many; i++)
        tasks[i] = create(wait_at_channel, NULL, GiB);
    for (int i = 0; i < many; i++)
        begun(tasks[i]);
    keel_chan_close(chan);
    for (int i = 0; i < many; i++)
        keel_task_await(tasks[i], NULL);
    int64_t end = keel_now() + meeting_patience;
    while (statm_read(statm_mapped) - before > 3 * (int64_t)GiB && keel_now() < end)
        keel_sleep(MILLISECOND);
    return statm_read(statm_mapped) - before <= 3 * (int64_t)GiB ? right : wrong;
}

/* KEEL_STACK_SIZE is small, and the parent has left its child just what is promised. */
static __attribute__((noinline)) void panic_deep(size_t size)
{
    volatile char *block = __builtin_alloca(size);
    block[0] = 1;
    keel_panic("deep");
}

static void *use_and_panic(void *arg)
{
    panic_deep((size_t)arg);
    return arg;
}

static void *host_with_little(void *arg)
{
    enum { promised = 4 * KiB, runtime = 1 * KiB };
    size_t left = (uintptr_t)__builtin_frame_address(0) - sched_self()->stack->low;
    volatile char *block = __builtin_alloca(left - promised - runtime);
    block[0] = 1;
    keel_task_await(keel_task_create(use_and_panic, arg, NULL), NULL);
    return arg;
}

static int panics_hosted(void)
{
    for (int i = 0; i < 8; i++)
        begun(keel_task_create(receive, NULL, NULL)); /* the next is no stack of the image */
    keel_task_await(begun(keel_task_create(host_with_little, (void *)(2 * KiB), NULL)), NULL);
    return wrong;
}

/* ---- overflow */

static volatile int stop_at = -1; /* never */

static __attribute__((noinline)) int recurse(int depth)
{
    volatile int here = depth;
    if (depth == stop_at)
        return 0;
    return recurse(depth + 1) + here;
}

static void *overflow(void *arg)
{
    recurse(0);
    return arg;
}

static int overflows_small(void)
{
    for (int i = 0; i < 20; i++)
        begun(create(receive, NULL, 8 * KiB));
    keel_task_await(create(overflow, NULL, 8 * KiB), NULL);
    return wrong;
}

static int overflows_large(void)
{
    keel_task_await(create(overflow, NULL, 4 * MiB), NULL);
    return wrong;
}

static int overflows_default(void)
{
    keel_task_await(begun(create(overflow, NULL, 0)), NULL);
    return wrong;
}

static const struct way ways[] = {
    {"bounds", has_bounds},
    {"promises", holds_promises},
    {"default", holds_default},
    {"not-hosted", is_not_hosted},
    {"mixed", mixes},
    {"little", takes_little},
    {"back", gives_memory_back},
    {"default-back", gives_default_back},
    {"busy-back", gives_back_when_busy},
    {"starved", starves},
    {"starved-yielding", starves_while_main_yields},
    {"pools", empties_pools},
    {"starved-for-ever", starves_for_ever},
    {"few-large", keeps_few_large},
    {"panic-hosted", panics_hosted},
    {"overflow-small", overflows_small},
    {"overflow-large", overflows_large},
    {"overflow-default", overflows_default},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    for (const char *digit = argc > 2 ? argv[2] : ""; *digit != 0; digit++)
        default_size = default_size * 10 + (size_t)(*digit - '0');
    return GO_THE_WAY(ways, argc, argv);
}
