/*
 * Tasks that use so much of their stacks, spawned at places of their own: each function that spawns
 * is one. The first argument says what the others do meanwhile.
 */
#include "keel/chan.h"
#include "keel/task.h"
#include "tests/refuse.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

#define PLACE __attribute__((noinline)) static

enum { KiB = 1024, count = 20 };

static keel_chan *chan;
static uint32_t ended;

/* Only the far end is written, and by 0: what is deepest is seen all the same. */
static __attribute__((noinline)) void use(size_t size)
{
    volatile char *block = __builtin_alloca(size);
    block[0] = 0;
}

static void *use_so_much(void *arg)
{
    use((size_t)arg);
    return arg;
}

static void use_and_end(void *arg)
{
    use((size_t)arg);
    arrive(&ended);
}

static void *use_and_wait(void *arg)
{
    use((size_t)arg);
    arrive(&ended);
    keel_chan_receive(chan, NULL);
    return arg;
}

static keel_task *create(void *(*fn)(void *), size_t size, const keel_task_options *options)
{
    return keel_task_create(fn, (void *)size, options);
}

/* The deepest of twenty; awaited, which else might run them on main's stack. */
PLACE void deep(void)
{
    for (size_t i = 0; i < count; i++)
        keel_task_await(keel_task_create(use_so_much, (void *)((i % 5 + 1) * 20 * KiB), NULL),
                        NULL);
}

PLACE void shallow(void)
{
    for (size_t i = 0; i < count; i++)
        keel_task_await(keel_task_create(use_so_much, (void *)3000, NULL), NULL);
}

PLACE void none(void)
{
    for (size_t i = 0; i < count; i++)
        keel_task_await(keel_task_create(use_so_much, (void *)16, NULL), NULL);
}

PLACE void sized(void)
{
    keel_task_options options = {.stack_size = 1024 * KiB};
    keel_task_await(keel_task_create(use_so_much, (void *)(size_t)(600 * KiB), &options), NULL);
}

PLACE void spawned(void)
{
    if (keel_spawn(use_and_end, (void *)(size_t)(30 * KiB)) != 0)
        arrive(&ended);
}

PLACE void waiting(void)
{
    for (size_t i = 0; i < count; i++)
        keel_task_detach(keel_task_create(use_and_wait, (void *)(size_t)(10 * KiB), NULL));
}

static int all(void)
{
    shallow();
    deep();
    none();
    shallow();
    sized();
    spawned();
    waiting();
    return yield_until(&ended, count + 1) ? 0 : 1;
}

/* The kernel does not say what was touched. */
static int all_without_mincore(void)
{
    refuse_syscall(__NR_mincore, ENOSYS);
    return all();
}

static int no_task(void)
{
    return 0;
}

static void *use_and_sleep(void *arg)
{
    use((size_t)arg);
    keel_sleep(2 * MILLISECOND);
    return arg;
}

/*
 * Tasks end, and their stacks go, while the census is taken: of 1,200 that wait at a time no pool
 * keeps all.
 */
PLACE void *churn(void *arg)
{
    enum { wave = 60 };
    keel_task_options options = {.stack_size = 16 * KiB};
    for (;;) {
        keel_task *tasks[wave];
        for (int i = 0; i < wave; i++)
            tasks[i] = create(use_and_sleep, 8 * KiB, &options);
        for (int i = 0; i < wave; i++)
            keel_task_await(tasks[i], NULL);
    }
    return arg;
}

PLACE int churning(void)
{
    for (int i = 0; i < count; i++)
        keel_task_detach(create(churn, 0, NULL));
    keel_sleep(60 * MILLISECOND);
    return 0;
}

/* Each stack is a mapping, which goes by itself. */
static int churning_mapped(void)
{
    refuse_slots(EINVAL);
    return churning();
}

/* One is printed while its tasks go on ending. */
PLACE void *go_on(void *arg)
{
    for (;;)
        keel_task_await(create(use_so_much, 1 * KiB, NULL), NULL);
    return arg;
}

static int going_on(void)
{
    keel_task_detach(create(go_on, 0, NULL));
    keel_task_detach(create(go_on, 0, NULL));
    keel_sleep(20 * MILLISECOND);
    return 0;
}

static const struct way ways[] = {
    {"all", all},           {"all-refused", all_without_mincore}, {"no-task", no_task},
    {"churning", churning}, {"churning-mapped", churning_mapped}, {"going-on", going_on},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
