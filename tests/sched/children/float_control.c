/* Tasks that change the floating-point control registers; the first argument says how. */
#include "tests/arch/float_controls.h"

#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static const keel_task_options named = {.name = "careless"};
static const keel_task_options keeping = {.name = "keeper", .flags = KEEL_TASK_FP_CONTROL};

static uint64_t change(void)
{
    uint64_t before = arch_float_control_read();
    arch_float_control_write(float_control_rounding(before, ROUND_DOWN));
    return before;
}

static int run(void *(*fn)(void *), const keel_task_options *options)
{
    keel_task_await(keel_task_create(fn, NULL, options), NULL);
    return 0;
}

static void *change_and_park(void *arg)
{
    uint64_t before = change();
    keel_sleep(MILLISECOND);
    arch_float_control_write(before);
    return arg;
}

static int parks(void)
{
    return run(change_and_park, &named);
}

static int keeper_parks(void)
{
    return run(change_and_park, &keeping);
}

static void *change_and_end(void *arg)
{
    change();
    return arg;
}

static int ends(void)
{
    return run(change_and_end, &named);
}

/* Where its function stood in its descriptor lay a timer. */
static void *sleep_and_change(void *arg)
{
    keel_sleep(MILLISECOND);
    change();
    return arg;
}

static int sleeps_and_ends(void)
{
    return run(sleep_and_change, &named);
}

static int sleeps_and_ends_unhosted(void)
{
    keel_task *task = keel_task_create(sleep_and_change, NULL, &named);
    keel_sleep(20 * MILLISECOND);
    keel_task_await(task, NULL);
    return 0;
}

static int keeper_ends(void)
{
    return run(change_and_end, &keeping);
}

static void *change_for_a_while(void *arg)
{
    for (int i = 0; i < 10; i++) {
        uint64_t before = change();
        float_be_inexact();
        arch_float_control_write(before);
        float_be_inexact(); /* raises a flag, which rules nothing */
        keel_sleep(MILLISECOND / 10);
    }
    return arg;
}

static int sets_back(void)
{
    return run(change_for_a_while, &named);
}

static int main_parks(void)
{
    keel_task *task = keel_task_create(change_for_a_while, NULL, NULL);
    change_and_park(NULL);
    keel_task_await(task, NULL);
    return 0;
}

/* Nobody else is there yet: what main sets is the program's. */
static int main_parks_first(void)
{
    change_and_park(NULL);
    change();
    keel_sleep(MILLISECOND);
    return sets_back();
}

/* ---- an exception that is not masked */

static void leave_pending(void)
{
    arch_float_control_write(float_control_trapping(arch_float_control_read()));
    float_leave_pending();
}

static void *wait_for_it(void *arg)
{
    leave_pending();
    float_wait();
    return arg;
}

static int machine_raises(void)
{
    return run(wait_for_it, &keeping);
}

static void *park_with_it(void *arg)
{
    leave_pending();
    keel_sleep(MILLISECOND);
    return arg;
}

static int pending_at_park(void)
{
    return run(park_with_it, &keeping);
}

static void *end_with_it(void *arg)
{
    leave_pending();
    return arg;
}

static int pending_at_end(void)
{
    return run(end_with_it, &keeping);
}

/* What another task did under a mask is none of the keeper's exceptions. */
static void *divide_masked(void *arg)
{
    float_leave_pending();
    keel_sleep(MILLISECOND);
    return arg;
}

static void *park_without_a_mask(void *arg)
{
    arch_float_control_write(float_control_trapping(arch_float_control_read()));
    for (int i = 0; i < 10; i++) {
        keel_yield();
        float_wait();
    }
    return arg;
}

static int others_masked(void)
{
    keel_task *keeper = keel_task_create(park_without_a_mask, NULL, &keeping);
    keel_task *other = keel_task_create(divide_masked, NULL, NULL);
    keel_task_await(keeper, NULL);
    keel_task_await(other, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {
        {"parks", parks},
        {"ends", ends},
        {"sleeps-and-ends", sleeps_and_ends},
        {"sleeps-and-ends-unhosted", sleeps_and_ends_unhosted},
        {"keeper-parks", keeper_parks},
        {"keeper-ends", keeper_ends},
        {"sets-back", sets_back},
        {"main-parks", main_parks},
        {"main-parks-first", main_parks_first},
        {"machine-raises", machine_raises},
        {"pending-at-park", pending_at_park},
        {"pending-at-end", pending_at_end},
        {"others-masked", others_masked},
    };
    return GO_THE_WAY(ways, argc, argv);
}
