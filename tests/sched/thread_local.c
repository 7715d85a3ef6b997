/*
 * A program's own thread-local variables: each worker has its copy, with the initial values. They
 * are touched only in functions that do not park, as keel/task.h demands. They are larger than what
 * the runtime reserves for the main thread beforehand, and aligned beyond a cache line.
 */
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { worker_most = 64, initial_number = 4242, alignment = 1024, words = 300 };

static _Thread_local int number = initial_number;
static _Thread_local uint64_t zeros[words];
static _Thread_local _Alignas(alignment) char text[] = "thread-local";
static _Thread_local const int *self_pointer;

/* What a worker finds, before anyone has written there. */
struct finding {
    int number;
    bool zeros, text, aligned;
    const int *address;
};

static struct finding findings[worker_most];
static uint32_t begun;

static __attribute__((noinline)) void look(struct finding *finding)
{
    *finding = (struct finding){.number = number, .zeros = true, .address = &number};
    for (int i = 0; i < words; i++)
        finding->zeros &= zeros[i] == 0;
    finding->text = text[0] == 't' && text[sizeof text - 2] == 'l' && text[sizeof text - 1] == '\0';
    char *volatile place = text; /* of which the compiler knows nothing */
    finding->aligned = (uintptr_t)place % alignment == 0;
    number = -1;
    zeros[0] = zeros[words - 1] = ~(uint64_t)0;
    text[0] = 'T';
    self_pointer = &number;
}

static void *look_and_wait(void *arg)
{
    look(&findings[(uintptr_t)arg]);
    arrive(&begun);
    return (void *)(uintptr_t)spin_until(&begun, keel_worker_count());
}

/* Whether the worker's own copies still hold what `look` wrote, and their addresses are its own. */
static __attribute__((noinline)) bool own_copies_are_there(void)
{
    return number == -1 && self_pointer == &number && zeros[words - 1] == ~(uint64_t)0 &&
           text[0] == 'T';
}

static uint32_t wrong_later;

static void *look_again(void *arg)
{
    for (int i = 0; i < 100; i++) {
        if (!own_copies_are_there())
            arrive(&wrong_later);
        keel_yield();
    }
    return arg;
}

int main(void)
{
    unsigned count = keel_worker_count();
    if (count > worker_most) {
        skip("thread-local variables", "more workers than this test has room for");
        return tap_done();
    }
    keel_task *tasks[worker_most];
    /* One by one, so that each finds the worker before it busy and gets a worker of its own. */
    look(&findings[0]);
    bool all_begin = true;
    for (uintptr_t i = 1; i < count; i++) {
        tasks[i] = keel_task_create(look_and_wait, (void *)i, NULL);
        all_begin &= spin_until(&begun, (uint32_t)i);
    }
    arrive(&begun); /* main itself: now all may end */
    for (uintptr_t i = 1; i < count; i++)
        keel_task_await(tasks[i], NULL);
    check(all_begin, "a task runs on every worker");

    unsigned values = 0, addresses = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct finding *finding = &findings[i];
        values += finding->number == initial_number && finding->zeros && finding->text &&
                  finding->aligned;
        unsigned same = 0;
        for (unsigned j = 0; j < i; j++)
            same += findings[j].address == finding->address;
        addresses += same == 0;
    }
    check_equal(values, count, "each worker begins with the initial values, aligned");
    check_equal(addresses, count, "each has a copy of its own");

    keel_task *later[50];
    for (int i = 0; i < 50; i++)
        later[i] = keel_task_create(look_again, NULL, NULL);
    for (int i = 0; i < 50; i++)
        keel_task_await(later[i], NULL);
    check_equal(wrong_later, 0, "what a worker wrote stays its own");
    return tap_done();
}
