/*
 * Calls that the kernel refuses to the scheduler, each in a process of its own: fewer workers,
 * fewer stacks, queues that do not grow; every task that was accepted runs all the same.
 */
#include <linux/futex.h>
#include <linux/mman.h>

#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/cases.h"
#include "tests/mem/resident.h"
#include "tests/sched/meeting.h"

enum { right = 0, wrong = 1, tasks_most = 1000 };

static int verdict(bool is_right)
{
    return is_right ? right : wrong;
}

/* So many stacks lie in the pool; no more can be had once memory is refused. */
static void fill_pool(unsigned count)
{
    struct mem_stack *stacks[64];
    for (unsigned i = 0; i < count; i++)
        stacks[i] = mem_stack_acquire();
    for (unsigned i = 0; i < count; i++)
        mem_stack_release(stacks[i]);
}

static void limit_workers(unsigned count)
{
    atomic_store(&sched.worker_limit, count, RELAXED); /* RELAXED: nobody else is there yet */
}

static void *increment(void *arg)
{
    arrive(arg);
    return arg;
}

/* Creates tasks until one is refused, awaits them all; returns how many ran, or 0 if one did not.
 */
static unsigned run_many(unsigned most)
{
    static keel_task *tasks[tasks_most];
    uint32_t ran = 0;
    unsigned count = 0;
    while (count < most && (tasks[count] = keel_task_create(increment, &ran, NULL)) != NULL)
        count++;
    for (unsigned i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        if (result != &ran)
            return 0;
    }
    return ran == count ? count : 0;
}

/* No mapping, and no stack of a mapping that is there. */
static void refuse_memory(void)
{
    refuse_syscall(__NR_mmap, ENOMEM);
    refuse_slots(ENOMEM);
}

enum { more_than_in_the_image = 40 }; /* descriptors, places in the deque */

static void end_at_once(void *arg)
{
    (void)arg;
}

/* ---- tasks */

static int makes_no_task(void)
{
    refuse_memory();
    unsigned count = 0;
    while (sched_task_make(NULL) != NULL)
        count++;
    return verdict(count < more_than_in_the_image &&
                   keel_task_create(increment, NULL, NULL) == NULL &&
                   keel_spawn(end_at_once, NULL) == -ENOMEM);
}

static int has_no_queue(void)
{
    limit_workers(1);
    fill_pool(4);
    run_many(more_than_in_the_image);
    refuse_memory();
    return verdict(run_many(tasks_most) > 300); /* what is left of the descriptors */
}

/* No more of a deque than lies in the image. */
static int has_no_queue_at_all(void)
{
    limit_workers(1);
    fill_pool(4);
    for (int i = 0; i < more_than_in_the_image; i++)
        sched_task_make(NULL); /* descriptors are there */
    refuse_memory();
    return verdict(run_many(100) == 100);
}

static keel_chan *chan;
static uint32_t received;

static void receive(void *arg)
{
    (void)arg;
    keel_chan_receive(chan, NULL);
    arrive(&received);
}

/* More tasks than stacks; main never waits but yields. */
static int yields_for_the_starved(void)
{
    enum { count = 10 };
    limit_workers(1);
    chan = keel_chan_create(0, 0);
    fill_pool(5);
    keel_spawn(end_at_once, NULL);
    keel_yield();
    refuse_memory();
    for (unsigned i = 0; i < count; i++)
        keel_spawn(receive, NULL);
    bool were_starved = false;
    for (unsigned i = 0; i < count; i++) {
        for (int round = 0; round < 200; round++)
            keel_yield();
        were_starved |= sched_anyone_starved();
        keel_chan_send(chan, NULL);
    }
    return verdict(were_starved && yield_until(&received, count) && !sched_anyone_starved());
}

/* ---- workers */

/* Claims the search, as who wakes a worker does, and gives the claim up when none was made. */
static bool make_worker(void)
{
    limit_workers(2);
    atomic_fetch_add(&sched.searching, 1, SEQ_CST); /* SEQ_CST: as in sched_wake_one */
    bool made = sched_worker_make();
    if (!made)
        atomic_fetch_sub(&sched.searching, 1, SEQ_CST); /* SEQ_CST: as the claim */
    return made;
}

/* No worker, and nothing left of it but stacks; the one that is there does the work. */
static int goes_on_alone(void)
{
    int64_t mapped = statm_read(statm_mapped);
    size_t stacks = mem_stack_count();
    if (make_worker() || sched.worker_count != 1 || sched.awake != 1 || sched.make_pause == 0)
        return wrong;
    int64_t grown = statm_read(statm_mapped) - mapped;
    if (grown != (int64_t)(mem_stack_count() - stacks) * mem_stack_slot)
        return wrong;
    return verdict(make_worker() == false && run_many(20) == 20);
}

static void prepare_alone(unsigned stacks)
{
    fill_pool(stacks);
    limit_workers(1);
    run_many(more_than_in_the_image);   /* descriptors and the deque are there, main has a spare */
    sched_share_stacks(sched_worker()); /* and all stacks are in the pool */
}

/* The second worker's stack and memory, which lie in the image. */
static void take_thread_slot(void)
{
    void *behind;
    mem_stack_acquire_with(1, &behind);
}

static int clones_no_thread(void)
{
    prepare_alone(4);
    refuse_syscall(__NR_clone, EAGAIN);
    return goes_on_alone();
}

static int clones_no_further_thread(void)
{
    take_thread_slot();
    return clones_no_thread();
}

static int maps_no_worker(void)
{
    take_thread_slot();
    prepare_alone(4);
    refuse_memory();
    return goes_on_alone();
}

static unsigned drain_pool(void)
{
    unsigned count = 0;
    while (mem_stack_acquire() != NULL)
        count++;
    return count;
}

/* main has its spare stack, and there is none for a worker. */
static int finds_no_stack(void)
{
    take_thread_slot();
    prepare_alone(2);
    refuse_memory();
    bool has_spare = sched_can_park();
    drain_pool();
    return verdict(has_spare && !make_worker() && sched.worker_count == 1 && sched.awake == 1 &&
                   sched_can_park());
}

static int finds_no_spare(void)
{
    prepare_alone(2);
    refuse_memory();
    drain_pool();
    return verdict(!make_worker() && !sched_can_park() && sched.awake == 1);
}

static int is_at_the_limit(void)
{
    fill_pool(4);
    limit_workers(1);
    return verdict(!sched_worker_make() && sched.worker_count == 1 && sched.awake == 1);
}

static int knows_no_mask(void)
{
    limit_workers(0);
    refuse_syscall(__NR_sched_getaffinity, EPERM);
    return verdict(keel_worker_count() == 1 && run_many(20) == 20);
}

/* Sleepers sleep by a call that is refused: they look again and again. */
static int cannot_sleep(void)
{
    limit_workers(2);
    refuse_syscall_when(__NR_futex, 1, FUTEX_WAIT_BITSET_PRIVATE, ENOSYS);
    for (int i = 0; i < 5; i++) {
        keel_sleep(MILLISECOND);
        if (run_many(20) != 20)
            return wrong;
    }
    return right;
}

enum { panic_status = 2 };

/* A worker that sleeps could not be woken any more. */
static int cannot_wake(void)
{
    limit_workers(2);
    keel_spawn(end_at_once, NULL);
    if (!spin_until(&sched.idle_count, 1))
        return wrong;
    refuse_syscall_when(__NR_futex, 1, FUTEX_WAKE_PRIVATE, EPERM);
    /* It may have woken by itself, between two naps: then nobody wakes it this time. */
    for (int64_t end = keel_now() + meeting_patience; keel_now() < end;)
        run_many(20);
    return wrong;
}

/* ---- the end */

enum { main_status = 7 };

static uint32_t exiting, stackless, waits;

static void exit_too(void *arg)
{
    (void)arg;
    arrive(&stackless);
    spin_until(&exiting, 1);
    sched_share_stacks(sched_worker());
    drain_pool();
    arrive(&waits);
    keel_exit(wrong);
}

static void let_the_other_exit(void)
{
    refuse_memory();
    drain_pool();
    arrive(&exiting);
    spin_until(&waits, 1);
    int64_t end = keel_now() + 20 * MILLISECOND; /* for it to come and wait */
    while (keel_now() < end)
        arch_syscall0(__NR_sched_yield);
}

/* Who exits while another does, and cannot park, keeps its thread until the end. */
static int waits_without_stack(void)
{
    limit_workers(2);
    keel_at_exit(let_the_other_exit);
    keel_spawn(exit_too, NULL);
    if (!spin_until(&stackless, 1))
        return wrong;
    keel_exit(main_status);
}

int main(void)
{
    cases_need_refusals();
    check_case(makes_no_task, right, "no memory for a task: the caller is told");
    check_case(has_no_queue, right, "a deque that cannot grow: tasks go to the global queue");
    check_case(has_no_queue_at_all, right, "no deque: all tasks go to the global queue");
    check_case(yields_for_the_starved, right, "tasks that want a stack begin when main yields");
    check_case(clones_no_thread, right, "no thread for a worker");
    check_case(clones_no_further_thread, right, "no thread for a worker beyond the image's");
    check_case(maps_no_worker, right, "no memory for a worker");
    check_case(finds_no_stack, right, "no stack for a worker");
    check_case(finds_no_spare, right, "no spare stack for main, so no worker");
    check_case(is_at_the_limit, right, "no worker beyond the limit");
    if (keel_environment("KEEL_WORKERS") == NULL)
        check_case(knows_no_mask, right, "no affinity mask: one worker");
    check_case(cannot_sleep, right, "no futex to wait on");
    check_case(cannot_wake, panic_status, "no futex to wake by: the end, with a word");
    check_case(waits_without_stack, main_status,
               "an exit during an exit, without a stack to park on");
    return tap_done();
}
