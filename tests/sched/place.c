/*
 * A task that is spawned by one who goes on computing runs on another CPU, beside it, and not in
 * its place some milliseconds later: with the first worker that is made, and with one that slept.
 * And wherever workers are sent for that, in the end each may run where it might before.
 */
#include <asm/unistd.h>

#include "tests/sched/place.h"

enum { times = 60 };

static struct cpus at_first;
static int32_t cpu_of_task, narrowed; /* written by the task, read when it has arrived */
static uint32_t arrived;

static uint32_t cpu_now(void)
{
    uint32_t cpu = 0;
    arch_syscall3(__NR_getcpu, (long)&cpu, 0, 0);
    return cpu;
}

static void note_where(void *arg)
{
    (void)arg;
    struct cpus now = cpus_allowed();
    cpu_of_task = (int32_t)cpu_now();
    narrowed += !cpus_are_same(&now, &at_first);
    arrive(&arrived);
}

static uint32_t elsewhere, moved; /* of those that have arrived; the kernel has moved main */

/*
 * Whether the task ran on another CPU than this one while this one computed. What happens while the
 * kernel moves this one counts for nothing. False: patience has ended.
 */
static bool look_where(uint32_t number)
{
    uint32_t here = cpu_now();
    keel_spawn(note_where, NULL);
    if (!keep_cpu_until(&arrived, number))
        return false;
    if (cpu_now() != here)
        moved++;
    else
        elsewhere += cpu_of_task != (int32_t)here;
    return true;
}

int main(void)
{
    at_first = cpus_allowed();
    if (cpus_count(&at_first) < 2 || keel_worker_count() < 2) {
        skip("tasks begin elsewhere", "one CPU or one worker");
        return tap_done();
    }
    bool all = look_where(1);
    narrowed = 0; /* the new worker's maker may have been held up before it gave it back its own */
    for (uint32_t i = 1; i < times && all; i++) {
        keel_sleep(3 * MILLISECOND); /* the other worker sleeps too */
        all = look_where(i + 1);
    }
    tap_note("tasks that began on another CPU", elsewhere);
    tap_note("times that main was moved", moved);
    /* Where the kernel has much to do it may move the other here, after that has begun to run. */
    check(all && elsewhere >= (times - moved) * 3 / 4,
          "who is spawned by one who computes begins elsewhere");
    check_equal(narrowed, 0, "each worker may run where it might before");
    return tap_done();
}
