/* Writes a trace of its calls, from where the first argument says. */
#include <asm/unistd.h>

#include "backtrace/backtrace.h"
#include "base/panic.h"
#include "keel/fault.h"
#include "keel/task.h"
#include "tests/sched/begun.h"
#include "tests/sched/ways.h"

#define CALLED __attribute__((noinline))

/* What is done behind a call, so that it is no tail call. */
static volatile int sink;

static CALLED void write_trace(void)
{
    struct arch_registers registers;
    arch_registers_capture(&registers);
    backtrace_write(&registers, false);
    sink++;
}

static CALLED void once(volatile int depth)
{
    if (depth > 1)
        once(depth - 1);
    else
        write_trace();
    sink++;
}

static CALLED int recurse(int depth)
{
    once(depth);
    sink++;
    return 0;
}

static int recursion_of_3(void)
{
    return recurse(3);
}

static int recursion_of_4(void)
{
    return recurse(4);
}

static int recursion_of_100000(void)
{
    return recurse(100000);
}

static CALLED void first(volatile int depth);

static CALLED void third(volatile int depth)
{
    if (depth > 1)
        first(depth - 1);
    else
        write_trace();
    sink++;
}

static CALLED void second(volatile int depth)
{
    third(depth);
    sink++;
}

static CALLED void first(volatile int depth)
{
    second(depth);
    sink++;
}

static int in_turn(void)
{
    first(1000);
    return 0;
}

/* Calls from more places, in turn, than a cycle is looked for. */
static CALLED void scattered(volatile int depth)
{
#define CALL(n)                                                                                    \
    case n:                                                                                        \
        scattered(depth - 1);                                                                      \
        sink += n;                                                                                 \
        break;
    if (depth == 1) {
        write_trace();
        sink++;
        return;
    }
    switch (depth % 9) {
        CALL(0)
        CALL(1)
        CALL(2)
        CALL(3)
        CALL(4)
        CALL(5)
        CALL(6)
        CALL(7)
        CALL(8)
    }
    sink++;
}

static CALLED int many_places(int count)
{
    scattered(count);
    sink++;
    return 0;
}

static int many_places_41(void)
{
    return many_places(41);
}

static int many_places_44(void)
{
    return many_places(44);
}

static int many_places_1000(void)
{
    return many_places(1000);
}

static CALLED void panics(void)
{
    keel_panic("so it is");
}

static int panic_in_main(void)
{
    panics();
    return 0;
}

static CALLED void *panic_below(void *arg)
{
    keel_yield();
    panics();
    return arg;
}

static int panic_in_task(void)
{
    keel_task_options options = {.name = "unlucky"};
    return keel_task_await(begun(keel_task_create(panic_below, NULL, &options)), NULL);
}

static CALLED void asserts(void)
{
    keel_assert(sink == 1234);
    sink++;
}

static int assertion(void)
{
    asserts();
    return 0;
}

static char **arguments;

/* The file that it was executed from becomes another: the second argument. */
static int replaced(void)
{
    if (arch_syscall2(__NR_rename, (long)arguments[2], (long)arguments[0]) != 0)
        return 98;
    panics();
    return 0;
}

static const struct way ways[] = {
    {"recursion-of-3", recursion_of_3},
    {"recursion-of-4", recursion_of_4},
    {"recursion-of-100000", recursion_of_100000},
    {"in-turn", in_turn},
    {"many-places", many_places_1000},
    {"just-too-long", many_places_44},
    {"just-fits", many_places_41},
    {"panic-in-main", panic_in_main},
    {"panic-in-task", panic_in_task},
    {"assertion", assertion},
    {"replaced", replaced},
};

int main(int argc, char **argv)
{
    arguments = argv;
    int status = GO_THE_WAY(ways, argc, argv);
    sink++;
    return status;
}
