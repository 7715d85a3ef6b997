/*
 * A task that nobody has begun when it is awaited runs on the stack of who awaits it, and is itself
 * in all else. It may park there, move, and await others; whatever the order of the awaits, each
 * task runs once, and every descriptor is recycled.
 */
#include "keel/chan.h"
#include "sched/owner.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/descriptors.h"
#include "tests/sched/meeting.h"

enum { one_page = 4096 };

/* ---- whose stack, and who it is */

struct seen {
    uintptr_t frame;
    keel_task *self;
    uint64_t id;
    uint8_t parents_state;
    keel_task *parent;
};

static void *look_around(void *arg)
{
    struct seen *seen = arg;
    seen->frame = (uintptr_t)__builtin_frame_address(0);
    seen->self = keel_task_self();
    seen->id = keel_task_id();
    seen->parents_state = atomic_load(&seen->parent->state, RELAXED); /* RELAXED: nobody else */
    return seen;
}

static void check_hosted(const keel_task_options *options, const char *whose)
{
    struct seen seen = {.parent = keel_task_self()};
    keel_task *task = keel_task_create(look_around, &seen, options);
    uint64_t id = task->identity.id;
    void *result = NULL;
    check_equal(keel_task_await(task, &result), 0, whose);
    check(result == &seen && seen.self == task && seen.id == id, "  it is itself");
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    check(seen.frame < here && here - seen.frame < one_page, "  it ran on the caller's stack");
    check_equal(seen.parents_state, SCHED_TASK_HOSTING, "  its parent hosted it");
    check(keel_task_self() == seen.parent && seen.parent->state == SCHED_TASK_RUNNING,
          "  and runs again");
}

static void *check_in_task(void *arg)
{
    check_hosted(NULL, "in a task");
    return arg;
}

static void whose_stack(void)
{
    /* Nobody else takes it: with one worker only is it sure to be unstarted at the await. */
    if (keel_worker_count() > 1) {
        skip("whose stack a child runs on", "another worker may begin it first");
        return;
    }
    if (sched_main_stack().limit == 0) {
        skip("a child on main's stack", "what that stack may grow to cannot be read");
    } else {
        check_hosted(NULL, "on main's stack");
        check_hosted(&(keel_task_options){.name = "named"}, "a name changes nothing");
    }
    keel_task_await(begun(keel_task_create(check_in_task, NULL, NULL)), NULL);
}

/* ---- parking while hosted */

static keel_chan *requests, *answers;

static void *ask(void *arg)
{
    uint64_t number = (uintptr_t)arg;
    keel_chan_send(requests, &number);
    keel_chan_receive(answers, &number);
    keel_yield();
    return (void *)(uintptr_t)number;
}

static void *answer(void *arg)
{
    uint64_t number;
    while (keel_chan_receive(requests, &number) == 1) {
        number *= 2;
        keel_chan_send(answers, &number);
    }
    return arg;
}

/* Hosts a child that hosts a child ... that asks. */
static void *ask_below(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    void *result = NULL;
    keel_task_await(
        keel_task_create(depth == 0 ? ask : ask_below, (void *)(depth == 0 ? 21 : depth - 1), NULL),
        &result);
    return result;
}

static void parks_and_moves(void)
{
    enum { askers = 64, depth = 5 };
    requests = keel_chan_create(0, sizeof(uint64_t));
    answers = keel_chan_create(0, sizeof(uint64_t));
    keel_task *tasks[askers];
    keel_task *server = keel_task_create(answer, NULL, NULL);
    size_t wrong = 0;
    for (uintptr_t i = 0; i < askers; i++)
        tasks[i] = keel_task_create(ask_below, (void *)(i % depth), NULL);
    for (uintptr_t i = 0; i < askers; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        wrong += (uintptr_t)result != 42;
    }
    check_equal(wrong, 0, "hosted children park, are woken, and end in their parents");
    keel_chan_close(requests);
    keel_task_await(server, NULL);
    keel_chan_release(requests, NULL);
    keel_chan_release(answers, NULL);
}

/* ---- depth */

static void *nest(void *arg)
{
    uintptr_t depth = (uintptr_t)arg;
    void *below = NULL;
    if (depth == 0)
        keel_yield();
    else
        keel_task_await(keel_task_create(nest, (void *)(depth - 1), NULL), &below);
    return (void *)((uintptr_t)below + 1);
}

static void nested(void)
{
    void *result = NULL;
    keel_task_await(keel_task_create(nest, (void *)10000, NULL), &result);
    check_equal((uintptr_t)result, 10001, "10,000 awaits within each other, on main's stack");
    keel_task_await(begun(keel_task_create(nest, (void *)10000, NULL)), &result);
    check_equal((uintptr_t)result, 10001, "10,000 awaits within each other, in a task");
}

/* ---- any order */

static uint32_t runs;

static void *count_run(void *arg)
{
    arrive(&runs);
    if ((uintptr_t)arg % 16 == 0)
        keel_yield();
    return arg;
}

/* Both children in the order of their creation: the first of them is no end of the deque. */
static void *tree(void *arg)
{
    uintptr_t depth = (uintptr_t)arg, leaves[2] = {1, 0};
    if (depth > 0) {
        keel_task *first = keel_task_create(tree, (void *)(depth - 1), NULL);
        keel_task *second = keel_task_create(tree, (void *)(depth - 1), NULL);
        keel_task_await(first, (void **)&leaves[0]);
        keel_task_await(second, (void **)&leaves[1]);
    }
    return (void *)(leaves[0] + leaves[1]);
}

static void piles_up_nothing(void)
{
    enum { depth = 14, a_few = 200 };
    void *leaves = NULL;
    keel_task_await(keel_task_create(tree, (void *)depth, NULL), &leaves);
    check_equal((uintptr_t)leaves, 1 << depth, "a tree of tasks");
    check(keel_worker_count() > 1 || descriptors_in_use() < a_few, "  leaves no entries behind");
}

/* Awaits task i * step of `count`, modulo that: every order between both ends. */
static void in_order(uintptr_t step, const char *what)
{
    enum { count = 1021 };
    static keel_task *tasks[count];
    size_t wrong = 0;
    atomic_store(&runs, 0, RELAXED); /* RELAXED: nobody else yet */
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = keel_task_create(count_run, (void *)i, NULL);
    for (uintptr_t i = 0; i < count; i++) {
        uintptr_t which = i * step % count;
        void *result = NULL;
        keel_task_await(tasks[which], &result);
        wrong += (uintptr_t)result != which;
    }
    check_equal(wrong, 0, what);
    check_equal(runs, count, "  each ran once");
    check_equal(descriptors_left(meeting_patience), 1, "  and all descriptors come back");
}

static void detached(void)
{
    enum { count = 100 };
    atomic_store(&runs, 0, RELAXED); /* RELAXED: nobody else yet */
    for (uintptr_t i = 0; i < count; i++)
        keel_task_detach(keel_task_create(count_run, (void *)i, NULL));
    check(yield_until(&runs, count), "a task that was detached before it began runs");
}

int main(void)
{
    whose_stack();
    parks_and_moves();
    nested();
    piles_up_nothing();
    in_order(1, "awaited in the order of creation");
    in_order(1020, "in the opposite order, but for the first");
    in_order(389, "all over the place");
    detached();
    return tap_done();
}
