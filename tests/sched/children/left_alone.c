/*
 * What foreign and held threads have changed of themselves is nobody else's, and they keep nothing
 * that they do not need: in the way that the first argument names. Status 0: it is so.
 */
#include "abi/time.h"
#include "keel.h"
#include "mem/mem.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/sched/cloned.h"
#include "tests/sched/place.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, tasks = 8 };

static keel_wait_group done;
static struct cloned thread;
static struct cpus at_first;

static void rest_outside(int64_t milliseconds)
{
    struct abi_timespec time = {.nanoseconds = milliseconds * MILLISECOND};
    arch_syscall2(__NR_nanosleep, (long)&time, 0);
}

/* On a thread that the program clones, until it has ended. */
static int on_own_thread(void (*fn)(void *))
{
    keel_threads_announce();
    keel_wait_group_add(&done, tasks);
    if (!cloned_start(&thread, fn, NULL))
        return wrong;
    rest_outside(40); /* keeps the worker that there is: what is spawned there wants another */
    if (!cloned_join(&thread))
        return wrong;
    keel_wait_group_wait(&done);
    return right;
}

/* ---- what makes workers */

static uint32_t flag;

static void compute(void *arg)
{
    int64_t end = keel_now() + meeting_patience;
    (void)arg;
    while (!have_arrived(&flag, 1) && keel_now() < end)
        arch_pause();
    keel_wait_group_done(&done);
}

static void set_flag(void *arg)
{
    (void)arg;
    arrive(&flag);
}

/* The only worker there is computes until the second task has run. */
static int held_spawner(void)
{
    if (keel_thread_hold() != 0)
        return wrong;
    keel_wait_group_add(&done, 1);
    keel_spawn(compute, NULL);
    rest_outside(50);
    keel_spawn(set_flag, NULL);
    int64_t end = keel_now() + meeting_patience / 2;
    while (!have_arrived(&flag, 1)) {
        if (keel_now() > end)
            return wrong;
        rest_outside(1);
    }
    keel_wait_group_wait(&done);
    return right;
}

static uint32_t strange; /* tasks that found what is not theirs */

/* Long enough that others are made for the other tasks. */
static void look(void *arg)
{
    uint64_t mask = 0;
    (void)arg;
    rest_outside(30);
    arch_syscall4(__NR_rt_sigprocmask, 0, 0, (long)&mask, sizeof mask);
    if (mask != 0 || !cpus_become(&at_first))
        arrive(&strange);
    keel_wait_group_done(&done);
}

static void spawn_with_signals_blocked(void *arg)
{
    uint64_t all = UINT64_MAX;
    (void)arg;
    keel_thread_attach();
    arch_syscall4(__NR_rt_sigprocmask, 2, (long)&all, 0, sizeof all);
    for (int i = 0; i < tasks; i++)
        keel_spawn(look, NULL);
    rest_outside(50);
    keel_thread_detach();
}

static int blocked_signals(void)
{
    int status = on_own_thread(spawn_with_signals_blocked);
    return status != right || strange != 0 ? wrong : right;
}

static void pin(void)
{
    struct cpus one = {{0}};
    for (int i = 0; i < cpus_words && cpus_count(&one) == 0; i++)
        one.words[i] = at_first.words[i] & -at_first.words[i];
    arch_syscall3(__NR_sched_setaffinity, 0, sizeof one, (long)&one);
}

static void spawn_pinned(void *arg)
{
    (void)arg;
    keel_thread_attach();
    pin();
    for (int i = 0; i < tasks; i++)
        keel_spawn(look, NULL);
    rest_outside(50);
    keel_thread_detach();
}

/* Also the number of workers is that of the process's CPUs. */
static int pinned(void)
{
    int status = on_own_thread(spawn_pinned);
    if (status != right || strange != 0)
        return wrong;
    return sched_worker_limit() > 1 || cpus_count(&at_first) == 1 ? right : wrong;
}

/* ---- memory */

enum { blocks = 1000, block_size = 60000, megabyte = 1024 * 1024 };

static unsigned char *given[blocks];
static keel_chan *go;
static uint32_t waits;

static void *use(size_t size)
{
    unsigned char *block = keel_alloc(size);
    for (size_t i = 0; block != NULL && i < size; i += 4096)
        block[i] = 1;
    return block;
}

static void give_and_wait(void *arg)
{
    uint64_t element;
    (void)arg;
    for (int i = 0; i < blocks; i++)
        given[i] = use(block_size);
    arrive(&waits);
    keel_chan_receive(go, &element);
    arrive(&waits);
    keel_chan_receive(go, &element);
}

static void free_given(void)
{
    uint64_t element = 1;
    yield_until(&waits, 1);
    for (int i = 0; i < blocks; i++)
        keel_free(given[i]);
    keel_chan_send(go, &element);
    yield_until(&waits, 2);
}

static bool falls_below(int64_t bytes)
{
    int64_t end = keel_now() + meeting_patience;
    while (statm_read(statm_resident) > bytes && keel_now() < end)
        keel_sleep(10 * MILLISECOND);
    return statm_read(statm_resident) <= bytes;
}

/* 60 MB came home to it before it waits. */
static int waiting(void)
{
    go = keel_chan_create(1, sizeof(uint64_t));
    int64_t before = statm_read(statm_resident);
    if (keel_thread_start(give_and_wait, NULL, 0) != 0)
        return wrong;
    free_given();
    return falls_below(before + 20 * megabyte) ? right : wrong;
}

enum { hogs = 100, hog_blocks = 15 };

static keel_wait_group together;

static void hog(void *arg)
{
    void *own[hog_blocks];
    (void)arg;
    for (int i = 0; i < hog_blocks; i++)
        own[i] = use(block_size);
    keel_wait_group_done(&done);
    keel_wait_group_wait(&together);
    for (int i = 0; i < hog_blocks; i++)
        keel_free(own[i]);
}

/* Each might have kept a megabyte. */
static int ended(void)
{
    int64_t before = statm_read(statm_resident);
    keel_wait_group_add(&done, hogs);
    keel_wait_group_add(&together, 1);
    for (int i = 0; i < hogs; i++) {
        if (keel_thread_start(hog, NULL, 0) != 0)
            return wrong;
    }
    keel_wait_group_wait(&done);
    keel_wait_group_done(&together);
    return falls_below(before + 30 * megabyte) ? right : wrong;
}

enum { at_once = 8, looks = 20000 };

/* The compiler leaves no allocation out. */
static void allocate(void)
{
    void *volatile block = keel_alloc(1);
    keel_free(block);
}

static void allocate_together(void *arg)
{
    (void)arg;
    allocate();
    keel_wait_group_done(&done);
    keel_wait_group_wait(&together);
}

static void look_after_heaps(void *arg)
{
    (void)arg;
    while (!have_arrived(&flag, 1))
        mem_heap_collect();
    keel_wait_group_done(&done);
}

static void begin_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < looks; i++) {
        allocate();
        mem_heap_release();
    }
    arrive(&flag);
    keel_wait_group_done(&done);
}

/* There are heaps enough for all, although another thread looks after them just then. */
static int heaps_at_hand(void)
{
    keel_wait_group_add(&done, at_once);
    keel_wait_group_add(&together, 1);
    for (int i = 0; i < at_once; i++) {
        if (keel_thread_start(allocate_together, NULL, 0) != 0)
            return wrong;
    }
    keel_wait_group_wait(&done);
    keel_wait_group_done(&together);
    keel_wait_group_add(&done, 2);
    keel_thread_start(look_after_heaps, NULL, 0);
    int64_t before = statm_read(statm_mapped);
    keel_thread_start(begin_often, NULL, 0);
    keel_wait_group_wait(&done);
    return statm_read(statm_mapped) <= before + 40 * megabyte ? right : wrong;
}

/* ---- counts */

static void *give_back(void *arg)
{
    return arg;
}

/* All kinds of wait that a thread ends itself. */
static void wait_often(void *arg)
{
    enum { times = 50 };
    (void)arg;
    for (int i = 0; i < times; i++) {
        keel_sleep(MILLISECOND / 10);
        keel_task *task = keel_task_create(give_back, NULL, NULL);
        while (keel_task_await_until(task, NULL, keel_now() + MILLISECOND / 10) != 0)
            ;
    }
    keel_wait_group_done(&done);
}

static int64_t waiting_now(void)
{
    keel_sched_stats read = {.size = sizeof read};
    keel_sched_stats_read(&read);
    return (int64_t)(read.total.parks - read.total.wakes);
}

static int counted(void)
{
    int64_t before = waiting_now();
    keel_wait_group_add(&done, 1);
    if (keel_thread_start(wait_often, NULL, 0) != 0)
        return wrong;
    keel_wait_group_wait(&done);
    return waiting_now() == before ? right : wrong;
}

/* ---- floating-point control */

enum { rounds_down = 1 << 13 }; /* of MXCSR */

static uint64_t control_there;

static void note_control(void *arg)
{
    (void)arg;
    control_there = arch_float_control_rules(arch_float_control_read());
    keel_wait_group_done(&done);
}

static void *start_with_own_control(void *arg)
{
    uint64_t before = arch_float_control_read();
    arch_float_control_write(before ^ rounds_down);
    int result = keel_thread_start(note_control, NULL, 0);
    arch_float_control_write(before);
    return result == 0 ? arg : NULL;
}

static int float_control(void)
{
    static const keel_task_options options = {.flags = KEEL_TASK_FP_CONTROL};
    void *result = NULL;
    keel_wait_group_add(&done, 1);
    keel_task_await(keel_task_create(start_with_own_control, &done, &options), &result);
    keel_wait_group_wait(&done);
    uint64_t own = arch_float_control_rules(arch_float_control_read());
    return result != NULL && control_there == own ? right : wrong;
}

/* ---- misuse: panics */

/* The process ends meanwhile. */
static void rest_with_patience(void)
{
    for (int64_t end = keel_now() + meeting_patience; keel_now() < end;)
        rest_outside(900);
}

static void attach(void *arg)
{
    (void)arg;
    keel_thread_attach();
    arrive(&flag);
}

/* A task, on a worker that was never placed: there is one CPU. */
static int attach_on_one_cpu(void)
{
    pin();
    keel_threads_announce();
    keel_spawn(attach, NULL);
    rest_with_patience();
    return have_arrived(&flag, 1) ? wrong : right;
}

static void detach_twice(void *arg)
{
    (void)arg;
    arch_thread_pointer_set(NULL, false);
    keel_thread_attach();
    keel_thread_detach();
    keel_thread_detach();
}

static int detached_twice(void)
{
    keel_threads_announce();
    cloned_start(&thread, detach_twice, NULL);
    rest_with_patience();
    return right;
}

static const struct way ways[] = {
    {"held-spawner", held_spawner},
    {"blocked-signals", blocked_signals},
    {"pinned", pinned},
    {"waiting", waiting},
    {"ended", ended},
    {"heaps-at-hand", heaps_at_hand},
    {"counted", counted},
    {"float-control", float_control},
    {"attach-on-one-cpu", attach_on_one_cpu},
    {"detached-twice", detached_twice},
};

int main(int argc, char **argv)
{
    at_first = cpus_allowed();
    return GO_THE_WAY(ways, argc, argv);
}
