/*
 * keel_sched_stats_read while workers come: nobody has done anything for longer than there has been
 * a process, least of all a worker that has just come.
 */
#include "keel/sync.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { newcomers = 30 };

static uint32_t begun, may_end; /* atomic */

static void stay_begun(void *group)
{
    arrive(&begun);
    spin_until(&may_end, 1);
    keel_wait_group_done(group);
}

/* How many workers say that they are older than `start`. */
static unsigned count_too_old(int64_t start)
{
    static keel_worker_stats workers[newcomers + 1];
    keel_sched_stats counted = {
        .size = sizeof counted, .workers = workers, .worker_room = newcomers + 1};
    unsigned count = 0;
    keel_sched_stats_read(&counted);
    uint64_t age = (uint64_t)(keel_now() - start);
    for (size_t i = 0; i < counted.worker_count && i <= newcomers; i++)
        count += workers[i].running > age || workers[i].searching > age || workers[i].idle > age;
    return count;
}

int main(void)
{
    int64_t start = keel_now() - 1000 * MILLISECOND; /* the process began a little earlier */
    keel_wait_group group = {0};
    unsigned too_old = 0;
    atomic_store(&sched.worker_limit, newcomers + 1, RELAXED); /* RELAXED: nobody else is there */
    for (uint32_t i = 0; i < newcomers; i++) {
        keel_wait_group_add(&group, 1);
        keel_spawn(stay_begun, &group);
        do
            too_old += count_too_old(start);
        while (!have_arrived(&begun, i + 1) && keel_now() < start + meeting_patience);
    }
    if (sched.worker_count == 1)
        skip("nobody has spent more time than there was", "no thread can be made");
    else
        check_equal(too_old, 0, "nobody has spent more time than there was");
    arrive(&may_end);
    keel_wait_group_wait(&group);
    return tap_done();
}
