/*
 * keel_stuck_tasks beside rounds of keel_wait_all: tasks wait for all others again and again, and
 * look whenever they go on, while others are still being let go. Nobody is ever named, until in the
 * last round some come to be stuck; each look names only such, and in the end all are named.
 */
#include "tests/stress/stress.h"

enum { rounds = 60, waiters = 10, stuck_at_last = 4 };

static uint64_t stuck[waiters];
static uint32_t stuck_count, gone_on, looked; /* atomic */

static bool is_stuck(uint64_t id)
{
    for (size_t i = 0; i < waiters; i++) {
        if (atomic_load(&stuck[i], ACQUIRE) == id) /* ACQUIRE: with the RELEASE in get_stuck */
            return true;
    }
    return false;
}

static size_t look(void)
{
    uint64_t ids[waiters];
    size_t found = keel_stuck_tasks(ids, waiters);
    for (size_t i = 0; i < found && i < waiters; i++) {
        if (!is_stuck(ids[i]))
            stress_fail("a task that goes on was named", (int64_t)ids[i], 0);
    }
    return found;
}

/* One sleeps for ever; so those that wait for all are stuck with it. */
static void get_stuck(uint32_t place)
{
    /* RELEASE, both: with the ACQUIREs of who looks. */
    atomic_store(&stuck[place], keel_task_id(), RELEASE);
    atomic_fetch_add(&stuck_count, 1, RELEASE);
    if (place == 0)
        keel_sleep(KEEL_FOREVER);
    keel_wait_all();
    stress_fail("a task that was stuck went on", place, 0);
}

static void wait_again_and_again(void *arg)
{
    struct stress_random *random = arg;
    for (unsigned i = 0; i < rounds; i++) {
        keel_wait_all();
        if (stress_below(random, 2) == 0)
            look();
        if (stress_below(random, 4) == 0)
            stress_pause(random);
    }
    uint32_t place = atomic_fetch_add(&gone_on, 1, ACQ_REL); /* ACQ_REL: a turn each */
    if (place < stuck_at_last)
        get_stuck(place);
    for (unsigned i = 0; i < 20; i++) {
        look();
        stress_pause(random);
    }
    atomic_fetch_add(&looked, 1, RELEASE); /* RELEASE: with the ACQUIRE in main */
}

int main(int argc, char **argv)
{
    static struct stress_random sequences[waiters];
    stress_begin("stuck_rounds", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (size_t i = 0; i < waiters; i++) {
        sequences[i] = (struct stress_random){stress_next(&random)};
        stress_equal((uint64_t)keel_spawn(wait_again_and_again, &sequences[i]), 0, "a spawn");
    }
    for (unsigned i = 0; i < rounds; i++)
        keel_wait_all();
    /* ACQUIRE: as above. */
    while (atomic_load(&looked, ACQUIRE) < waiters - stuck_at_last || look() < stuck_at_last)
        keel_sleep(stress_millisecond / 10);
    stress_equal(look(), stuck_at_last, "tasks that are stuck");
    return stress_done(stuck_count, "tasks are stuck");
}
