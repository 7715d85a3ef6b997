/*
 * A process that ends just after its first spawn calls the new thread back, to end it sooner. Exit
 * functions may still need it: it begins all the same, and may run where it might before.
 */
#include <asm/unistd.h>

#include "tests/sched/place.h"

static struct cpus at_first;
static bool is_free;
static uint32_t arrived;

static void note_cpus(void *arg)
{
    (void)arg;
    is_free = cpus_become(&at_first);
    arrive(&arrived);
}

/* Keeps main's thread: the task can only run on the new one. */
static void need_the_thread(void)
{
    check(spin_until(&arrived, 1), "a thread that was called back begins");
    check(is_free, "and may run where it might before");
    keel_exit(tap_done());
}

int main(void)
{
    at_first = cpus_allowed();
    if (cpus_count(&at_first) < 2 || keel_worker_count() < 2) {
        skip("a thread is called back", "one CPU or one worker");
        return tap_done();
    }
    keel_at_exit(need_the_thread);
    keel_spawn(note_cpus, NULL);
    return 0;
}
