/*
 * Fork and join without memory, each in a process of its own: a child that finds no place is called
 * at the fork; one that must become a task finds a descriptor all the same.
 */
#include "keel/chan.h"
#include "keel/fork.h"
#include "sched/sched.h"
#include "tests/cases.h"
#include "tests/sched/meeting.h"

enum { right = 0, wrong = 1, frames_most = 3000 };

static keel_fork_frame frames[frames_most];
static uint32_t run_count;

static void *twice(void *arg)
{
    arrive(&run_count);
    return (void *)(2 * (uintptr_t)arg);
}

static void fork_many(uintptr_t count)
{
    for (uintptr_t i = 0; i < count; i++)
        keel_fork(&frames[i], twice, (void *)i);
}

static int join_many(uintptr_t count)
{
    unsigned failed = 0;
    for (uintptr_t i = count; i-- > 0;)
        failed += (uintptr_t)keel_join(&frames[i]) != 2 * i;
    return failed == 0 && run_count == count ? right : wrong;
}

static void begin_alone(void)
{
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: nobody else is there yet */
    sched_can_park();
}

static void use_all_descriptors(void)
{
    refuse_syscall(__NR_mmap, ENOMEM);
    while (sched_task_make(NULL) != NULL)
        continue;
}

/* No deque can be made: each child is called where it is forked. */
static int has_no_array(void)
{
    begin_alone();
    refuse_syscall(__NR_mmap, ENOMEM);
    fork_many(100);
    uint32_t early = run_count;
    return early == 100 ? join_many(100) : wrong;
}

/* All places of the deque, and no descriptor but those that lie ready for them. */
static int parks_without_descriptors(void)
{
    begin_alone();
    fork_many(1);
    keel_join(&frames[0]);
    run_count = 0;
    use_all_descriptors();
    fork_many(frames_most);
    uint32_t early = run_count;
    keel_yield();
    if (early == 0 || early == frames_most || join_many(frames_most) != right)
        return wrong;
    /* The descriptors of the first time have come back, and are what the next ones find. */
    run_count = 0;
    fork_many(frames_most);
    keel_yield();
    return join_many(frames_most);
}

static uint32_t later_count;

static void *later(void *arg)
{
    arrive(&later_count);
    return arg;
}

enum { places = 2048, earlier = 1500, more_than_left = 1000 };

/* What lay ready is used up, and stays in use: no more is forked than can become tasks. */
static int forks_less_without_reserve(void)
{
    begin_alone();
    fork_many(1);
    keel_join(&frames[0]);
    use_all_descriptors();
    run_count = 0;
    fork_many(earlier);
    keel_yield();
    keel_fork_frame more[more_than_left];
    for (uintptr_t i = 0; i < more_than_left; i++)
        keel_fork(&more[i], later, (void *)i);
    /* (One place is a gap behind the first of them, which is shown to others.) */
    unsigned failed = later_count != more_than_left - (places - earlier - 1);
    keel_yield();
    for (uintptr_t i = more_than_left; i-- > 0;)
        failed += keel_join(&more[i]) != (void *)i;
    return failed == 0 && later_count == more_than_left ? join_many(earlier) : wrong;
}

int main(void)
{
    cases_need_refusals();
    check_case(has_no_array, right, "a worker that gets no deque calls children");
    check_case(parks_without_descriptors, right,
               "a parent parks when there is no descriptor for its children");
    check_case(forks_less_without_reserve, right, "nothing is forked that could not become a task");
    return tap_done();
}
