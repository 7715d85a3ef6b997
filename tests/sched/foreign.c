/*
 * A thread that the program has cloned, attached: each call that a task may make, alone and against
 * tasks; and what is given back when it is detached.
 */
#include <asm/errno.h>

#include "keel.h"
#include "sched/sched.h"
#include "tests/mem/resident.h"
#include "tests/sched/cloned.h"
#include "tests/sched/descriptors.h"

static _Thread_local int variable = 5;

/* What the thread finds; main checks it when the thread has ended. */
static struct {
    int attached;
    uint64_t id;
    keel_task *self;
    int variable;
    uintptr_t pointer_before, pointer_after;
    unsigned char *block;
} found;

static void look(void *arg)
{
    (void)arg;
    found.pointer_before = arch_thread_pointer_get();
    found.attached = keel_thread_attach();
    found.id = keel_task_id();
    found.self = keel_task_self();
    found.variable = variable;
    variable = 6;
    keel_task_set_name(NULL, "visitor");
    found.block = keel_alloc(100);
    found.block[99] = 7;
    keel_thread_detach();
    found.pointer_after = arch_thread_pointer_get();
}

/* Runs fn on a thread that it attaches and detaches, until the thread has ended. */
static void (*visit_fn)(void);

static void visit(void *arg)
{
    (void)arg;
    if (keel_thread_attach() != 0)
        return;
    visit_fn();
    keel_thread_detach();
}

static void visited(void (*fn)(void), const char *what)
{
    static struct cloned thread;
    visit_fn = fn;
    check(cloned_start(&thread, visit, NULL) && cloned_join(&thread), what);
}

static void identity(void)
{
    struct cloned thread;
    variable = 4;
    check_equal(keel_threads_announce(), 0, "threads are announced");
    check_equal(keel_threads_announce(), 0, "and once more");
    check(cloned_start(&thread, look, NULL) && cloned_join(&thread), "a thread comes and goes");
    check_equal(found.attached, 0, "it was attached");
    check(found.id > 1 && found.id < UINT64_C(1) << 62, "it has a number of its own");
    check(found.self != keel_task_self(), "and a handle");
    check_equal(found.variable, 5, "and variables of its own, with their initial values");
    check_equal(variable, 4, "these are nobody else's");
    check(found.pointer_before != 0 && found.pointer_after == found.pointer_before,
          "its thread pointer is the one that it had before");
    check(found.block != NULL && found.block[99] == 7, "what it has allocated stays");
    keel_free(found.block);
}

/* ---- tasks */

static uint32_t arrived;

static void *add_one(void *arg)
{
    return (void *)((uintptr_t)arg + 1);
}

static void *add_one_later(void *arg)
{
    keel_sleep(5 * MILLISECOND);
    return add_one(arg);
}

static uint32_t told; /* atomic */

static void *add_one_when_told(void *arg)
{
    while (atomic_load(&told, ACQUIRE) == 0) /* ACQUIRE: with the RELEASE in use_tasks */
        keel_sleep(MILLISECOND);
    return add_one(arg);
}

static void arrive_task(void *arg)
{
    (void)arg;
    arrive(&arrived);
}

enum { many = 300 };

static struct {
    int64_t sum;
    int spawned, timed_out, in_time;
    int64_t slept;
    bool arrived, yields;
} tasks;

static int64_t await_sum(keel_task **created, int count)
{
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(created[i], &result);
        sum += (int64_t)(intptr_t)result;
    }
    return sum;
}

static void use_tasks(void)
{
    static keel_task *created[many];
    for (intptr_t i = 0; i < many; i++)
        created[i] = keel_task_create(i % 50 == 0 ? add_one_later : add_one, (void *)i, NULL);
    tasks.sum = await_sum(created, many);
    for (int i = 0; i < many; i++)
        tasks.spawned += keel_spawn(arrive_task, NULL) == 0;
    tasks.arrived = yield_until(&arrived, many);
    void *result = NULL;
    keel_task *task = keel_task_create(add_one_when_told, (void *)1, NULL);
    tasks.timed_out = keel_task_await_until(task, &result, keel_now() + MILLISECOND / 2);
    atomic_store(&told, 1, RELEASE); /* RELEASE: with the ACQUIRE in add_one_when_told */
    tasks.in_time = keel_task_await_until(task, &result, keel_now() + meeting_patience);
    tasks.in_time += result == (void *)2;
    keel_task_detach(keel_task_create(add_one_later, NULL, NULL));
    int64_t before = keel_now();
    keel_sleep(3 * MILLISECOND);
    keel_sleep_until(keel_now() - 1);
    tasks.slept = keel_now() - before;
    tasks.yields = keel_should_yield();
}

static void of_tasks(void)
{
    visited(use_tasks, "a thread spawns, awaits and sleeps");
    check_equal(tasks.sum, many * (many + 1) / 2, "it has the results of its tasks");
    check_equal(tasks.spawned, many, "it spawns");
    check(tasks.arrived, "and what it spawned runs");
    check_equal(tasks.timed_out, -ETIMEDOUT, "an await ends at its deadline");
    check_equal(tasks.in_time, 1, "and one in time has the result");
    check(tasks.slept >= 3 * MILLISECOND, "it sleeps");
    check(!tasks.yields, "nobody wants its thread");
}

/* A task that main has not begun is awaited by the thread: it must not run on the thread's stack.
 */
static keel_task *handle;
static uint64_t ran_by;
static void *handle_result;

static void *note_thread(void *arg)
{
    ran_by = (uint64_t)arch_syscall0(__NR_gettid);
    return arg;
}

static uint64_t awaited_by;

static void await_handle(void)
{
    awaited_by = (uint64_t)arch_syscall0(__NR_gettid);
    keel_task_await(handle, &handle_result);
}

static void of_others(void)
{
    handle = keel_task_create(note_thread, (void *)9, NULL);
    visited(await_handle, "a thread awaits a task of main's");
    check(handle_result == (void *)9, "and has its result");
    check(ran_by != awaited_by && ran_by != 0, "which ran on a worker");
}

/* ---- fork and join */

static int64_t fork_result;
static uint8_t parts[1000];

static void *fibonacci(void *arg)
{
    intptr_t n = (intptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, fibonacci, (void *)(n - 1));
    intptr_t right = (intptr_t)fibonacci((void *)(n - 2));
    return (void *)((intptr_t)keel_join(&frame) + right);
}

static void mark_parts(int64_t begin, int64_t end, void *data)
{
    (void)data;
    for (int64_t i = begin; i < end; i++)
        parts[i]++;
}

static void use_forks(void)
{
    fork_result = (intptr_t)fibonacci((void *)12);
    keel_parallel_for(0, 1000, 3, mark_parts, NULL);
}

static void of_forks(void)
{
    visited(use_forks, "a thread forks and joins");
    check_equal(fork_result, 144, "its children are called");
    int wrong = 0;
    for (int i = 0; i < 1000; i++)
        wrong += parts[i] != 1;
    check_equal(wrong, 0, "a loop has all its parts once");
}

/* ---- come and go */

enum { visits = 1000 };

static int attached;

static void come_and_go(void *arg)
{
    (void)arg;
    for (int i = 0; i < visits; i++) {
        if (keel_thread_attach() != 0)
            return;
        attached += keel_spawn(arrive_task, NULL) == 0;
        keel_free(keel_alloc(100));
        keel_thread_detach();
    }
}

static void of_many_visits(void)
{
    enum { slack = 16 * 1024 * 1024 };
    struct cloned thread;
    arrived = 0;
    int64_t before = statm_read(statm_mapped);
    check(cloned_start(&thread, come_and_go, NULL) && cloned_join(&thread), "a thread comes often");
    check_equal(attached, visits, "it is attached each time");
    check(yield_until(&arrived, visits), "what it spawns runs");
    check_equal(descriptors_left(meeting_patience), 1, "no descriptor is left");
    if (before < 0 || is_emulated())
        skip("no mapping is left",
             before < 0 ? "there is no /proc" : "an emulator's own count too");
    else
        check(statm_read(statm_mapped) <= before + slack, "no mapping is left");
}

/* ---- wait groups */

static keel_wait_group by_tasks, by_thread;
static bool waited;

static void done_later(void *arg)
{
    keel_sleep(MILLISECOND);
    keel_wait_group_done(arg);
}

static void use_groups(void)
{
    keel_wait_group_add(&by_tasks, 10);
    for (int i = 0; i < 10; i++)
        keel_spawn(done_later, &by_tasks);
    keel_wait_group_wait(&by_tasks);
    waited = by_tasks.word == 0;
    keel_sleep(2 * MILLISECOND); /* main waits */
    keel_wait_group_done(&by_thread);
}

static void of_groups(void)
{
    static struct cloned thread;
    visit_fn = use_groups;
    keel_wait_group_add(&by_thread, 1);
    bool started = cloned_start(&thread, visit, NULL);
    if (started)
        keel_wait_group_wait(&by_thread);
    check(started && cloned_join(&thread), "a thread waits for tasks, and a task for it");
    check(waited, "its wait ended at zero");
}

int main(void)
{
    identity();
    of_tasks();
    of_others();
    of_forks();
    of_groups();
    of_many_visits();
    return tap_done();
}
