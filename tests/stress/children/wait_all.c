/*
 * keel_wait_all while tasks spawn others, fork, sleep, are stolen and end on any worker: who waits
 * goes on when all others have ended, not before, and does go on.
 */
#include "keel/fork.h"
#include "tests/stress/stress.h"

enum { rounds = 150, roots_most = 4, depth_most = 4, waiters_most = 3 };

static uint32_t begun, ended, waiting, returned; /* atomic */

struct branch {
    struct stress_random random;
    unsigned depth;
};

static void count_one(uint32_t *count)
{
    atomic_fetch_add(count, 1, RELAXED); /* RELAXED: what is read is ordered by keel_wait_all */
}

static uint32_t number(const uint32_t *count)
{
    return atomic_load(count, RELAXED); /* RELAXED: as above */
}

static void *grow(void *arg);

static void grow_detached(void *arg)
{
    grow(arg);
}

/* One more that will end: counted before it can begin. */
static struct branch *branch_off(struct stress_random *random, unsigned depth)
{
    struct branch *branch = keel_alloc(sizeof *branch);
    *branch = (struct branch){{stress_next(random)}, depth};
    count_one(&begun);
    return branch;
}

static void grow_children(struct branch *branch)
{
    struct stress_random *random = &branch->random;
    unsigned depth = branch->depth - 1;
    keel_fork_frame frame;
    switch (stress_below(random, 5)) {
    case 0:
        stress_await(stress_create(grow, branch_off(random, depth)));
        break;
    case 1:
        keel_fork(&frame, grow, branch_off(random, depth));
        grow(branch_off(random, depth));
        stress_pause(random);
        keel_join(&frame);
        break;
    case 2:
        keel_task_detach(stress_create(grow, branch_off(random, depth)));
        break;
    default:
        stress_equal((uint64_t)keel_spawn(grow_detached, branch_off(random, depth)), 0, "a spawn");
        break;
    }
}

static void *grow(void *arg)
{
    struct branch *branch = arg;
    for (uint64_t i = stress_below(&branch->random, 3); i > 0 && branch->depth > 0; i--) {
        grow_children(branch);
        stress_pause(&branch->random);
    }
    keel_free(branch);
    count_one(&ended);
    return NULL;
}

static void wait_all(void)
{
    uint32_t before = number(&begun);
    keel_wait_all();
    uint32_t gone = number(&ended);
    stress_equal(gone, number(&begun), "tasks that have ended");
    if (gone < before)
        stress_fail("fewer tasks have ended than had begun", gone, before);
}

static void wait_too(void *arg)
{
    struct stress_random random = {(uint64_t)(uintptr_t)arg};
    stress_pause(&random);
    count_one(&waiting);
    wait_all();
    count_one(&returned);
}

int main(int argc, char **argv)
{
    stress_begin("wait_all", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (unsigned i = 0; i < rounds; i++) {
        for (uint64_t j = stress_below(&random, waiters_most + 1); j > 0; j--) {
            void *arg = (void *)(uintptr_t)stress_next(&random);
            stress_equal((uint64_t)keel_spawn(wait_too, arg), 0, "a spawn");
        }
        for (uint64_t j = stress_below(&random, roots_most + 1); j > 0; j--) {
            unsigned depth = (unsigned)stress_below(&random, depth_most + 1);
            stress_equal((uint64_t)keel_spawn(grow_detached, branch_off(&random, depth)), 0,
                         "a spawn");
        }
        stress_pause(&random);
        wait_all();
        /* The others return too, and end, before the next round begins. */
        keel_wait_all();
        stress_equal(number(&returned), number(&waiting), "tasks that waited too and went on");
    }
    return stress_done(number(&ended), "tasks have ended");
}
