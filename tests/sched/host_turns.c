/*
 * A task that does nothing but create and await, and so never waits, because it runs each child on
 * its own stack: on one worker others get their turn all the same, it leaves nothing behind,
 * whatever the order of its awaits, and a stack that is not the scheduler's hosts nothing.
 */
#include "arch/arch.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/descriptors.h"
#include "tests/sched/meeting.h"
#include "tests/sched/one_cpu.h"

static void *do_nothing(void *arg)
{
    return arg;
}

static void create_and_await(void)
{
    keel_task_await(keel_task_create(do_nothing, NULL, NULL), NULL);
}

/* ---- turns */

static uint32_t turns;

static void *take_turn(void *arg)
{
    arrive(&turns);
    return arg;
}

static void *yield_first(void *arg)
{
    keel_yield();
    return take_turn(arg);
}

static void *sleep_first(void *arg)
{
    keel_sleep(MILLISECOND);
    return take_turn(arg);
}

/* Whether the task's turn comes while its creator only creates and awaits. */
static void has_turn(void *(*fn)(void *), bool begins, const char *what)
{
    int64_t end = keel_now() + meeting_patience;
    uint64_t awaits = 0;
    atomic_store(&turns, 0, RELAXED); /* RELAXED: nobody else yet */
    keel_task_detach(keel_task_create(fn, NULL, NULL));
    if (begins)
        keel_yield();
    for (; !have_arrived(&turns, 1) && keel_now() < end; awaits++)
        create_and_await();
    check(have_arrived(&turns, 1), what);
    tap_note("awaits until then", (int64_t)awaits);
}

/* ---- what is left behind */

/* Awaits three children by the digits of `order`, again and again, above a task that waits. */
static void leaves_nothing(unsigned order, const char *what)
{
    enum { rounds = 2000, children = 3, a_few = 20, ten = 10 };
    size_t most = 0;
    atomic_store(&turns, 0, RELAXED); /* RELAXED: nobody else yet */
    keel_task *oldest = keel_task_create(take_turn, NULL, NULL);
    for (unsigned i = 0; i < rounds; i++) {
        keel_task *tasks[children];
        for (unsigned j = 0; j < children; j++)
            tasks[j] = keel_task_create(do_nothing, NULL, NULL);
        for (unsigned left = order; left > 0; left /= ten)
            keel_task_await(tasks[left % ten - 1], NULL);
        size_t count = descriptors_in_use();
        most = count > most ? count : most;
    }
    check(most < a_few, what);
    tap_note("descriptors in use at most", (int64_t)most);
    keel_task_await(oldest, NULL);
}

/* ---- a stack of the program's own */

static void *context_of_task, *context_of_guest;
static uintptr_t childs_frame;

static void *note_frame(void *arg)
{
    childs_frame = (uintptr_t)__builtin_frame_address(0);
    return arg;
}

static void await_as_guest(void *arg)
{
    keel_task_await(keel_task_create(note_frame, arg, NULL), NULL);
    arch_context_switch(&context_of_guest, context_of_task);
}

static void *go_over(void *top)
{
    arch_context_start(&context_of_task, top, await_as_guest, NULL);
    return NULL;
}

/* It lies in main's frame, far above the stack of the task that uses it. */
static void hosts_on_its_own_stacks_only(void)
{
    enum { size = 16 * 1024 };
    _Alignas(arch_cache_line) unsigned char memory[size];
    keel_task *task = keel_task_create(go_over, memory + size, NULL);
    keel_task_await(begun(task), NULL);
    check(childs_frame != 0 &&
              (childs_frame < (uintptr_t)memory || childs_frame >= (uintptr_t)memory + size),
          "a child does not run on a stack of the program's own");
}

int main(void)
{
    bind_to_first_cpu();
    has_turn(take_turn, false, "a fresh task has its turn beside one that creates and awaits");
    has_turn(yield_first, true, "so has one that yielded");
    has_turn(sleep_first, true, "so has one that slept");
    leaves_nothing(321, "awaits in the order of creation leave nothing behind");
    leaves_nothing(312, "awaits of the second child first leave nothing behind");
    leaves_nothing(123, "awaits in the opposite order leave nothing behind");
    hosts_on_its_own_stacks_only();
    return tap_done();
}
