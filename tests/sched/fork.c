/* Fork and join: results, order, who the child is, more children than the deque holds. */
#include "keel/fork.h"

#include "sched/sched.h"
#include "tests/sched/meeting.h"

static void *number(uintptr_t value)
{
    return (void *)value;
}

static void *twice(void *arg)
{
    return number(2 * (uintptr_t)arg);
}

/* ---- before main */

static uintptr_t before_main;

__attribute__((constructor)) static void fork_before_main(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, twice, number(21));
    before_main = (uintptr_t)keel_join(&frame);
}

/* ---- recursion */

static void *fib(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, fib, number(n - 1));
    uintptr_t second = (uintptr_t)fib(number(n - 2));
    return number((uintptr_t)keel_join(&frame) + second);
}

/* Nothing about the child is known where it is forked. */
static void *fib_of_opaque(void *arg)
{
    static void *(*volatile fn)(void *) = fib_of_opaque;
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    keel_fork_frame frame;
    keel_fork(&frame, fn, number(n - 1));
    uintptr_t second = (uintptr_t)fn(number(n - 2));
    return number((uintptr_t)keel_join(&frame) + second);
}

static void recursion(void)
{
    check_equal((uintptr_t)fib(number(24)), 46368, "fib(24)");
    check_equal((uintptr_t)fib_of_opaque(number(24)), 46368, "fib(24) by an unknown function");
}

/* ---- many at once */

enum { many = 100000 };

static uint32_t run_count;

static void *count_and_twice(void *arg)
{
    arrive(&run_count);
    return twice(arg);
}

static void many_frames(void)
{
    static keel_fork_frame frames[many];
    for (uintptr_t i = 0; i < many; i++)
        keel_fork(&frames[i], count_and_twice, number(i));
    uint32_t early = run_count;
    unsigned wrong = 0;
    for (uintptr_t i = many; i-- > 0;)
        wrong += (uintptr_t)keel_join(&frames[i]) != 2 * i;
    check_equal(wrong, 0, "100,000 frames at once: each has its own result");
    check_equal(run_count, many, "each child ran once");
    check(early >= many - 2048, "what finds no room is called at the fork");
    if (keel_worker_count() == 1)
        check(early < many, "and what finds room is not");
}

/* As deep as main's stack surely allows. Each level has a frame that is not joined. */
static uintptr_t descend(uintptr_t depth)
{
    if (depth == 0)
        return 0;
    keel_fork_frame frame;
    keel_fork(&frame, twice, number(depth));
    uintptr_t below = descend(depth - 1);
    return below + (uintptr_t)keel_join(&frame);
}

/* The same by the children: each forks the next, and that one is called by the join or the fork. */
static void *descend_by_children(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    if (depth == 0)
        return number(1);
    keel_fork_frame frame;
    keel_fork(&frame, descend_by_children, number(depth - 1));
    return number((uintptr_t)keel_join(&frame) + 1);
}

static void deep(void)
{
    uintptr_t depth = 40000;
    check_equal(descend(depth), depth * (depth + 1), "40,000 frames of nested calls");
    /* Such a child may be taken by a task, whose stack is small. */
    depth = 500;
    check_equal((uintptr_t)descend_by_children(number(depth)), depth + 1, "500 nested children");
}

/* ---- identity */

struct identity {
    uint64_t id;
    keel_task *self;
};

static void *note_identity(void *arg)
{
    struct identity *identity = arg;
    *identity = (struct identity){keel_task_id(), keel_task_self()};
    return NULL;
}

/* A child that another worker has taken is one of its own, else it is the parent. */
static void identities(void)
{
    unsigned wrong = 0, own = 0;
    for (int i = 0; i < 1000; i++) {
        struct identity child;
        keel_fork_frame frame;
        keel_fork(&frame, note_identity, &child);
        keel_join(&frame);
        wrong += (child.id == keel_task_id()) != (child.self == keel_task_self());
        own += child.id != keel_task_id();
    }
    check_equal(wrong, 0, "a child is the parent, or somebody else, in all respects");
    if (keel_worker_count() == 1)
        check_equal(own, 0, "a child that nobody took is the parent");
}

/* ---- main's own state is as before */

static void deque_is_empty(void)
{
    struct sched_worker *worker = sched_worker();
    check(!sched_forks_pending(worker) && worker->forks.chain == NULL, "nothing is left");
}

int main(void)
{
    check_equal(before_main, 42, "fork and join in a constructor");
    recursion();
    many_frames();
    deep();
    identities();
    deque_is_empty();
    return tap_done();
}
