/* Tasks with packed stacks; the first argument says what becomes of them. */
#include "mem/packed.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, KiB = 1024 };

static keel_chan *chan;
static uint32_t arrived;

/* Not inlined: one spawn site, for the census. */
static __attribute__((noinline)) keel_task *create(void *(*fn)(void *), void *arg, size_t size)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = size, .name = "packed"});
}

/* ---- what is promised can be used */

/* Fills as much, lets others do so too, and finds it as it was: NULL. */
static __attribute__((noinline)) void *use(size_t size)
{
    enum { own_frame = 64 };
    volatile uint64_t *block = __builtin_alloca(size - own_frame);
    size_t words = (size - own_frame) / sizeof *block;
    for (size_t i = 0; i < words; i++)
        block[i] = (uintptr_t)block + i;
    for (int i = 0; i < 3; i++)
        keel_yield();
    keel_sleep(MILLISECOND / 10);
    for (size_t i = 0; i < words; i++) {
        if (block[i] != (uintptr_t)block + i)
            return sched_self();
    }
    return NULL;
}

static void *use_promise(void *arg)
{
    enum { own_frame = 48 };
    return use((size_t)arg - KEEL_STACK_NEED - own_frame);
}

static size_t size_of(size_t i)
{
    return (size_t)KiB << i % mem_packed_numbers;
}

/* Beside tasks of other sizes, and again and again. */
static int holds_promises(void)
{
    enum { count = 300, rounds = 5 };
    static keel_task *tasks[count];
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++)
            tasks[i] = i % 7 == 6 ? create(use_promise, (void *)(64 * KiB), i % 2 * 64 * KiB)
                                  : create(use_promise, (void *)size_of(i), size_of(i));
        for (size_t i = 0; i < count; i++) {
            void *result = tasks;
            keel_task_await(tasks[i], &result);
            if (result != NULL)
                return wrong;
        }
    }
    return right;
}

/* What is between the sizes is rounded up, and each has its own. */
static void *own_size(void *arg)
{
    (void)arg;
    const struct mem_stack *stack = sched_self()->stack;
    return (void *)((uintptr_t)(stack + 1) - stack->low + sizeof(uint64_t));
}

static int has_sizes(void)
{
    static const size_t wanted[][2] = {
        {1024, 1024}, {1025, 2048}, {2048, 2048}, {2049, 4096}, {4096, 4096}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *size = NULL;
        keel_task_await(create(own_size, NULL, wanted[i][0]), &size);
        if ((size_t)size != wanted[i][1])
            return wrong;
    }
    return right;
}

/* ---- many */

static void *receive(void *arg)
{
    arrive(&arrived);
    keel_chan_receive(chan, NULL);
    return arg;
}

/* So many tasks that wait take 1,170 bytes each with their descriptors; and they take it back. */
static int are_small(void)
{
    enum { count = 30000, bytes_most = 1200 };
    static keel_task *tasks[count];
    int64_t before = statm_read(statm_resident);
    for (size_t i = 0; i < count; i++)
        tasks[i] = create(receive, (void *)i, KiB);
    if (!yield_until(&arrived, count))
        return wrong;
    int64_t full = statm_read(statm_resident);
    keel_chan_close(chan);
    for (size_t i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        if (result != (void *)i)
            return wrong;
    }
    /* What is rounded up to huge pages, and what eight workers take. */
    if (full - before > count * bytes_most + 8192 * KiB)
        return wrong;
    return right;
}

/* They come and go while others park, on channels between sizes. */
static void *pass_on(void *arg)
{
    uintptr_t hops = (uintptr_t)arg;
    if (hops == 0)
        return NULL;
    void *below = NULL;
    keel_task_await(create(pass_on, (void *)(hops - 1), size_of(hops)), &below);
    keel_yield();
    return (void *)((uintptr_t)below + 1);
}

static int nests(void)
{
    enum { hops = 2000 };
    void *result = NULL;
    keel_task_await(create(pass_on, (void *)hops, KiB), &result);
    return (uintptr_t)result == hops ? right : wrong;
}

/* ---- where children run */

static void *own_stack(void *arg)
{
    (void)arg;
    return sched_self()->stack;
}

/* A child with default options has its own stack then: there is no room for it here. */
static void *await_default_child(void *arg)
{
    void *stack = NULL;
    keel_task_await(keel_task_create(own_stack, NULL, NULL), &stack);
    return (void *)(uintptr_t)(arg == NULL && stack == sched_self()->stack);
}

static int hosts_nobody(void)
{
    for (size_t i = 0; i < 100; i++) {
        void *hosted = NULL;
        keel_task_await(create(await_default_child, NULL, size_of(i)), &hosted);
        if (hosted != NULL)
            return wrong;
    }
    return right;
}

/* ---- floating point, and the census */

static void *sleep_and_return(void *arg)
{
    keel_sleep(MILLISECOND / 10);
    return arg;
}

static int keeps_float_control(void)
{
    keel_task_options options = {.stack_size = KiB, .flags = KEEL_TASK_FP_CONTROL};
    for (size_t i = 0; i < 100; i++) {
        void *result = NULL;
        keel_task_await(keel_task_create(sleep_and_return, &options, &options), &result);
        if (result != &options)
            return wrong;
    }
    return right;
}

/* So much that it differs from what a task uses that does nothing. */
static __attribute__((noinline)) void use_some(void)
{
    volatile char block[520];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = 0;
}

static void *use_a_little(void *arg)
{
    use_some();
    return arg;
}

static int census(void)
{
    for (int i = 0; i < 10; i++)
        keel_task_await(create(use_a_little, NULL, KiB), NULL);
    return right;
}

static const struct way ways[] = {
    {"promises", holds_promises},
    {"sizes", has_sizes},
    {"small", are_small},
    {"nests", nests},
    {"hosts-nobody", hosts_nobody},
    {"float-control", keeps_float_control},
    {"census", census},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
