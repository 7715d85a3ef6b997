/*
 * Wait groups: many tasks are done, several wait, and the group's memory is poisoned as soon as
 * somebody knows that nobody will look at it again: it lies on a stack, or in a block that is
 * freed. A call that touches it afterwards breaks another round's group, or the poison.
 */
#include "keel/sync.h"
#include "tests/stress/stress.h"

enum { rounds = 400, crowds = 3, done_most = 12, waiters_most = 4, poison = 0x5a5a5a50 };

struct round {
    keel_wait_group *group;
    uint64_t seed;
    uint64_t done_count; /* atomic */
    uint64_t wanted;
};

static void be_done(void *arg)
{
    struct round *round = arg;
    keel_wait_group *group = round->group;
    /* RELAXED: numbers; the group publishes them. */
    struct stress_random random = {round->seed + atomic_fetch_add(&round->done_count, 1u, RELAXED)};
    stress_pause(&random);
    keel_wait_group_done(group);
}

static void *wait_too(void *arg)
{
    struct round *round = arg;
    keel_wait_group_wait(round->group);
    stress_equal(atomic_load(&round->done_count, RELAXED), round->wanted, "done when a wait ends");
    return NULL;
}

/* Half of the tasks that are done are added one by one, by somebody who is not done yet. */
static void *spawn_half(void *arg)
{
    struct round *round = arg;
    for (uint64_t i = 1; i < round->wanted / 2; i++) {
        keel_wait_group_add(round->group, 1);
        if (keel_spawn(be_done, round) != 0)
            stress_fail("no memory for a task", 0, 1);
    }
    atomic_fetch_add(&round->done_count, 1u, RELAXED); /* RELAXED: as in be_done */
    keel_wait_group_done(round->group);
    return NULL;
}

static void go_round(struct stress_random *random, keel_wait_group *group)
{
    struct round *round = keel_alloc_zeroed(1, sizeof *round);
    keel_task *tasks[waiters_most + 1];
    uint64_t waiters = stress_below(random, waiters_most + 1);
    uint64_t half = 1 + stress_below(random, done_most);
    *round = (struct round){.group = group, .seed = stress_next(random), .wanted = 2 * half};
    keel_wait_group_add(group, (int)half + 1);
    tasks[0] = stress_create(spawn_half, round);
    for (uint64_t i = 1; i <= waiters; i++)
        tasks[i] = stress_create(wait_too, round);
    for (uint64_t i = 0; i < half; i++) {
        if (keel_spawn(be_done, round) != 0)
            stress_fail("no memory for a task", 0, 1);
    }
    stress_pause(random);
    keel_wait_group_wait(group);
    stress_equal(atomic_load(&round->done_count, RELAXED), 2 * half, "done when the wait ends");
    for (uint64_t i = 0; i <= waiters; i++)
        stress_await(tasks[i]);
    stress_equal(group->word, 0, "the group's word after a round");
    keel_free(round);
}

static void *crowd(void *arg)
{
    struct stress_random random = stress_sequence((uintptr_t)arg);
    keel_wait_group lasting = {0};
    for (unsigned i = 0; i < rounds; i++) {
        keel_wait_group *group = &lasting;
        bool own = stress_below(&random, 2) == 0;
        if (own)
            group = keel_alloc_zeroed(1, sizeof *group);
        go_round(&random, group);
        if (own) {
            group->word = poison;
            stress_pause(&random);
            stress_equal(group->word, poison, "the poison in a group that was released");
            keel_free(group);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    keel_task *tasks[crowds];
    stress_begin("wait_group", argc, argv);
    for (uintptr_t i = 0; i < crowds; i++)
        tasks[i] = stress_create(crowd, (void *)i);
    for (unsigned i = 0; i < crowds; i++)
        stress_await(tasks[i]);
    return stress_done(crowds * rounds, "rounds");
}
