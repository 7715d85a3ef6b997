/*
 * keel_stuck_tasks while everything runs: tasks that park and wake all the time, await each other
 * in every way, end, and leave their descriptors to others, must never be named. Some tasks are
 * stuck, from random moments on; each of them must be found when the others have ended.
 */
#include "tests/stress/stress.h"

enum { trees = 12, depth_most = 4, turns = 12, watchers = 2, knots = 6, stuck_most = 64 };

/* The numbers of those that will be stuck, noted before they are. */
static uint64_t stuck[stuck_most];
static uint32_t stuck_count, ended_trees, ended_watchers;

static void note_stuck(void)
{
    /* ACQ_REL, RELEASE: with the ACQUIREs below. */
    uint32_t place = atomic_fetch_add(&stuck_count, 1, ACQ_REL);
    atomic_store(&stuck[place], keel_task_id(), RELEASE);
}

static void count_one(uint32_t *count)
{
    atomic_fetch_add(count, 1, RELEASE); /* RELEASE: with the ACQUIRE in has_come */
}

static bool has_come(const uint32_t *count, uint32_t wanted)
{
    return atomic_load(count, ACQUIRE) >= wanted; /* ACQUIRE: with the RELEASE in count_one */
}

/* Returns how many are stuck; all of them are known. */
static size_t look(void)
{
    uint64_t ids[stuck_most];
    size_t found = keel_stuck_tasks(ids, stuck_most);
    if (found > stuck_most)
        stress_fail("tasks that are stuck", (int64_t)found, stuck_most);
    for (size_t i = 0; i < found; i++) {
        size_t at = 0;
        while (at < stuck_most && atomic_load(&stuck[at], ACQUIRE) != ids[i]) /* ACQUIRE: above */
            at++;
        if (at == stuck_most)
            stress_fail("a task that is not stuck was named", (int64_t)ids[i], 0);
    }
    return found;
}

/* ---- those that go on */

struct branch {
    struct stress_random random;
    unsigned depth;
};

static void *return_at_once(void *arg)
{
    return arg;
}

/* Awaits who has spawned it, and goes on when that one has ended. */
static void follow(void *leader)
{
    stress_await(leader);
}

static void *grow(void *arg);

static void *lead(void *arg)
{
    stress_equal((uint64_t)keel_spawn(follow, keel_task_self()), 0, "status of a spawn");
    grow(arg);
    count_one(&ended_trees);
    return NULL;
}

static void await_somehow(struct stress_random *random, keel_task *task)
{
    if (stress_below(random, 3) == 0) {
        int64_t deadline = keel_now() + (int64_t)stress_below(random, 30 * stress_microsecond);
        if (keel_task_await_until(task, NULL, deadline) == 0)
            return;
        stress_pause(random);
    }
    stress_await(task);
}

/* Awaits children all the time, which do so too. */
static void *grow(void *arg)
{
    struct branch *branch = arg;
    struct stress_random *random = &branch->random;
    for (unsigned i = 0; i < turns; i++) {
        struct branch child = {{stress_next(random)}, branch->depth - 1};
        bool grows = branch->depth > 0 && stress_below(random, 3) == 0;
        keel_task *task = grows ? stress_create(grow, &child) : stress_create(return_at_once, NULL);
        stress_pause(random);
        await_somehow(random, task);
    }
    return NULL;
}

/* ---- those that do not */

static void *await_parent(void *parent)
{
    note_stuck();
    return stress_await(parent);
}

static void *sleep_for_ever(void *arg)
{
    note_stuck();
    keel_sleep(KEEL_FOREVER);
    return arg;
}

/* A parent and its child; a task that awaits itself; one that awaits a task asleep for ever. */
static void *tie_knot(void *arg)
{
    struct stress_random *random = arg;
    keel_sleep((int64_t)stress_below(random, stress_millisecond));
    note_stuck();
    switch (stress_below(random, 3)) {
    case 0:
        return stress_await(keel_task_self());
    case 1:
        return stress_await(stress_create(sleep_for_ever, NULL));
    default:
        break;
    }
    keel_task *child = stress_create(await_parent, keel_task_self());
    stress_pause(random);
    return stress_await(child);
}

static void watch(void *arg)
{
    struct stress_random *random = arg;
    size_t before = 0;
    while (!has_come(&ended_trees, trees)) {
        size_t found = look();
        if (found < before)
            stress_fail("a task that was stuck is not any more", (int64_t)found, (int64_t)before);
        before = found;
        stress_pause(random);
        keel_yield();
    }
    count_one(&ended_watchers);
}

int main(int argc, char **argv)
{
    static struct branch roots[trees];
    static struct stress_random sequences[watchers + knots];
    stress_begin("stuck", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (size_t i = 0; i < watchers + knots; i++)
        sequences[i] = (struct stress_random){stress_next(&random)};
    for (size_t i = 0; i < watchers; i++)
        stress_equal((uint64_t)keel_spawn(watch, &sequences[i]), 0, "status of a spawn");
    for (size_t i = 0; i < trees; i++) {
        roots[i] = (struct branch){{stress_next(&random)}, (unsigned)(i % depth_most)};
        stress_create(lead, &roots[i]); /* its follower awaits it */
    }
    for (size_t i = 0; i < knots; i++)
        stress_create(tie_knot, &sequences[watchers + i]);
    while (!has_come(&ended_watchers, watchers))
        keel_sleep(stress_millisecond / 10);
    /* ACQUIRE: with note_stuck. Knots may still be about to be tied. */
    while (look() != atomic_load(&stuck_count, ACQUIRE) || look() < knots)
        keel_sleep(stress_millisecond / 10);
    return stress_done(look(), "tasks are stuck");
}
