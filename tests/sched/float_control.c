/*
 * The floating-point control of tasks: each sentence of KEEL_TASK_FP_CONTROL in keel/task.h. The
 * program's control rounds upwards, which no thread does by itself.
 */
#include "tests/arch/float_controls.h"

#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/forked.h"
#include "tests/sched/trip.h"

enum { worker_most = 64, keepers = 4, others = 4, rounds = 60 };

static const keel_task_options keeping = {.name = "keeper", .flags = KEEL_TASK_FP_CONTROL};

static uint64_t program; /* the program's control */

static uint64_t now(void)
{
    return arch_float_control_rules(arch_float_control_read());
}

static uint64_t flags_now(void)
{
    return arch_float_control_read() & ~now();
}

static void set_rounding(enum float_rounding rounding)
{
    arch_float_control_write(float_control_rounding(program, rounding));
}

static bool rounds_so(enum float_rounding rounding)
{
    return now() == float_control_rounding(program, rounding) && float_rounding_seen() == rounding;
}

/* The caller must not be main alone: its control is what it began with. */
static void set_program(void)
{
    arch_float_control_write(float_control_rounding(arch_float_control_read(), ROUND_UP));
    program = now();
}

/* ---- every worker has the program's control, whoever made it */

static uint32_t begun, wrong;

static void *see_program(void *arg)
{
    if (!rounds_so(ROUND_UP))
        arrive(&wrong);
    arrive(&begun);
    return (void *)(uintptr_t)spin_until(arg, 1);
}

/* Fills all workers but the caller's own, with tasks begun one by one. */
static void fill_workers(const keel_task_options *options, uint32_t *all_begun)
{
    keel_task *tasks[worker_most];
    unsigned count = keel_worker_count();
    uint64_t own = arch_float_control_read();
    begun = 0;
    for (unsigned i = 1; i < count; i++) {
        tasks[i] = keel_task_create(see_program, all_begun, options);
        spin_until(&begun, i);
    }
    arrive(all_begun);
    /* From here on the caller may park. */
    arch_float_control_write(program);
    for (unsigned i = 1; i < count; i++)
        keel_task_await(tasks[i], NULL);
    arch_float_control_write(own);
}

/* main has changed its control for a while when it makes the workers. */
static int made_meanwhile(void)
{
    uint32_t all_begun = 0;
    set_program();
    keel_task_detach(keel_task_create(see_program, &all_begun, NULL));
    set_rounding(ROUND_DOWN);
    fill_workers(NULL, &all_begun);
    return (int)wrong;
}

static void *make_workers(void *arg)
{
    set_rounding(ROUND_DOWN);
    fill_workers(NULL, arg);
    return NULL;
}

static int made_by_keeper(void)
{
    uint32_t all_begun = 0;
    set_program();
    keel_task_await(keel_task_create(make_workers, &all_begun, &keeping), NULL);
    return (int)wrong;
}

static void all_workers(void)
{
    uint32_t all_begun = 0;
    check_equal(forked_status(made_meanwhile), 0,
                "workers have the program's control, made while main has another");
    check_equal(forked_status(made_by_keeper), 0, "or by a task that keeps another");
    set_program();
    fill_workers(NULL, &all_begun);
    check_equal(wrong, 0, "what main set before it spawns, tasks without the flag have");
    all_begun = 0;
    fill_workers(&keeping, &all_begun);
    check_equal(wrong, 0, "tasks with the flag begin with it");
}

/* ---- a task keeps its own, and nobody else gets it */

struct keeper {
    enum float_rounding rounding;
    unsigned kept; /* times that it found its own after it parked */
    keel_chan *chan;
};

static void park_by(unsigned way, keel_chan *chan)
{
    switch (way % 4) {
    case 0:
        keel_yield();
        break;
    case 1:
        keel_sleep(MILLISECOND / 10);
        break;
    case 2:
        keel_task_await(keel_task_create(see_program, &begun, NULL), NULL);
        break;
    default:
        keel_chan_receive(chan, NULL);
    }
}

static void *keep(void *arg)
{
    struct keeper *keeper = arg;
    set_rounding(keeper->rounding);
    for (unsigned i = 0; i < rounds; i++) {
        park_by(i, keeper->chan);
        keeper->kept += rounds_so(keeper->rounding);
    }
    return NULL;
}

static void *park_without(void *arg)
{
    for (unsigned i = 0; i < rounds; i++) {
        park_by(i, arg);
        if (!rounds_so(ROUND_UP))
            arrive(&wrong);
    }
    return NULL;
}

static void many_together(void)
{
    struct keeper keeper[keepers];
    keel_task *tasks[keepers + others];
    keel_chan *chan = keel_chan_create(0, 0);
    for (unsigned i = 0; i < keepers; i++) {
        keeper[i] =
            (struct keeper){.rounding = i % 2 == 0 ? ROUND_NEAREST : ROUND_DOWN, .chan = chan};
        tasks[i] = keel_task_create(keep, &keeper[i], &keeping);
    }
    for (unsigned i = keepers; i < keepers + others; i++)
        tasks[i] = keel_task_create(park_without, chan, NULL);
    for (unsigned i = 0; i < (keepers + others) * rounds / 4; i++)
        keel_chan_send(chan, NULL);
    keel_chan_close(chan);
    for (unsigned i = 0; i < keepers + others; i++)
        keel_task_await(tasks[i], NULL);
    unsigned kept = 0;
    for (unsigned i = 0; i < keepers; i++)
        kept += keeper[i].kept;
    check_equal(kept, keepers * rounds, "a task with the flag finds its own after every park");
    check_equal(wrong, 0, "tasks without it never see it");
    check(rounds_so(ROUND_UP), "nor does main");
    keel_chan_release(chan, NULL);
}

/* ---- wherever it goes on */

struct keeping_trip {
    struct trip trip;
    bool kept;
};

static void *travel(void *arg)
{
    struct keeping_trip *keeping_trip = arg;
    set_rounding(ROUND_DOWN);
    trip_travel(&keeping_trip->trip);
    keeping_trip->kept = rounds_so(ROUND_DOWN);
    return NULL;
}

static void on_other_workers(void)
{
    if (keel_worker_count() < 2) {
        skip("it keeps its own on another worker", "needs two workers");
        return;
    }
    unsigned moved = 0, lost = 0;
    for (int64_t end = keel_now() + meeting_patience; moved < 50 && keel_now() < end;) {
        struct keeping_trip each = {0};
        trip_send(&each.trip, travel, &each, &keeping);
        lost += !each.kept || !rounds_so(ROUND_UP);
        moved += trip_has_moved(&each.trip);
    }
    check(moved >= 50 && lost == 0, "it keeps its own on another worker");
}

/* ---- children, and the end */

static void *begins_with_program(void *arg)
{
    (void)arg;
    return (void *)(uintptr_t)rounds_so(ROUND_UP);
}

static void *ask_children(void *arg)
{
    uintptr_t right = 0;
    set_rounding(ROUND_DOWN);
    for (int i = 0; i < rounds; i++) {
        void *result;
        keel_task_await(keel_task_create(begins_with_program, NULL, arg), &result);
        right += (uintptr_t)result;
        right += rounds_so(ROUND_DOWN);
    }
    return (void *)right;
}

static void children(void)
{
    void *result;
    keel_task_await(keel_task_create(ask_children, NULL, &keeping), &result);
    check_equal((uintptr_t)result, 2 * rounds, "its children begin with the program's");
    keel_task_options same = keeping;
    keel_task_await(keel_task_create(ask_children, &same, &keeping), &result);
    check_equal((uintptr_t)result, 2 * rounds, "those with the flag too");
}

static void *change_and_end(void *arg)
{
    set_rounding(ROUND_DOWN);
    return arg;
}

static void at_its_end(void)
{
    uintptr_t right = 0;
    for (int i = 0; i < rounds; i++) {
        keel_task *second = keel_task_create(begins_with_program, NULL, NULL);
        keel_task *first = keel_task_create(change_and_end, NULL, &keeping);
        void *result;
        keel_task_await(first, NULL);
        keel_task_await(second, &result);
        right += (uintptr_t)result;
    }
    check_equal(right, rounds, "when it ends, the program's is there for the next task");
}

/* ---- flags, and what is refused */

static void *look_at_flags(void *arg)
{
    (void)arg;
    if (flags_now() != 0)
        return (void *)1;
    keel_yield();
    if (flags_now() != 0)
        return (void *)2;
    float_be_inexact();
    uint64_t raised = flags_now();
    keel_task_await(keel_task_create(change_and_end, NULL, &keeping), NULL);
    return (void *)(uintptr_t)(raised != 0 && flags_now() == raised ? 0 : 3);
}

static void *be_inexact(void *arg)
{
    float_be_inexact();
    return arg;
}

static void flags(void)
{
    uintptr_t right = 0;
    for (int i = 0; i < rounds; i++) {
        keel_task *last = keel_task_create(be_inexact, NULL, NULL);
        keel_task *task = keel_task_create(look_at_flags, NULL, &keeping);
        keel_task *first = keel_task_create(be_inexact, NULL, NULL);
        void *result;
        keel_task_await(first, NULL);
        keel_task_await(task, &result);
        keel_task_await(last, NULL);
        right += result == NULL;
    }
    check_equal(right, rounds, "its exception flags are clear at first, and its own");
}

static void unknown_flags(void)
{
    keel_task_options unknown = {.flags = KEEL_TASK_FP_CONTROL | UINT32_C(1) << 31};
    check(keel_task_create(be_inexact, NULL, &unknown) == NULL,
          "an unknown flag beside it is refused");
}

int main(void)
{
    if (keel_worker_count() > worker_most) {
        skip("floating-point control", "more workers than this test has room for");
        return tap_done();
    }
    all_workers();
    many_together();
    on_other_workers();
    children();
    at_its_end();
    flags();
    unknown_flags();
    return tap_done();
}
