/*
 * Who has forked before a worker falls idle shows its children to it at its next fork or join; and
 * no idle worker's request is forgotten because another one found a child.
 */
#include "sched/sched.h"
#include "tests/sched/forking.h"

enum { workers = 3, rounds = 20 };

struct child {
    uint64_t id;
    uint32_t begun, may_end, ran;
};

static void *wait_for_leave(void *arg)
{
    struct child *child = arg;
    arrive(&child->begun);
    spin_until(&child->may_end, 1);
    arrive(&child->ran);
    return child;
}

static void *note_id(void *arg)
{
    struct child *child = arg;
    child->id = keel_task_id();
    arrive(&child->ran);
    return child;
}

static void *wait_for_other(void *arg)
{
    struct child *other = arg;
    return (void *)(uintptr_t)spin_until(&other->ran, 1);
}

/* Until an idle worker asks, or has got what it asked for. */
static bool wait_for_request(const struct child *child)
{
    int64_t end = keel_now() + meeting_patience;
    /* RELAXED: a hint. */
    while (atomic_load(&thread_block()->fork_limit, RELAXED) != NULL &&
           !have_arrived(&child->ran, 1)) {
        if (keel_now() > end)
            return false;
        arch_syscall0(__NR_sched_yield);
    }
    return true;
}

/* All others are at work while main forks; then they are not. */
static bool asked_in_a_join(void)
{
    struct child busy[workers - 1] = {{0}}, older = {0};
    keel_fork_frame busy_frames[workers - 1], older_frame, frame;
    bool right = true;
    for (unsigned i = 0; i < workers - 1; i++) {
        keel_fork(&busy_frames[i], wait_for_leave, &busy[i]);
        right &= fork_until(&busy[i].begun);
    }
    fork_nothing();
    keel_fork(&older_frame, note_id, &older);
    keel_fork(&frame, wait_for_other, &older);
    for (unsigned i = 0; i < workers - 1; i++)
        arrive(&busy[i].may_end);
    right &= wait_for_request(&older);
    /* Called here, and waits for one that was forked before it, which must be called elsewhere. */
    right &= keel_join(&frame) != NULL;
    keel_join(&older_frame);
    for (unsigned i = workers - 1; i-- > 0;)
        keel_join(&busy_frames[i]);
    return right && older.id != keel_task_id();
}

/* Two sleep. One is woken and gets the only child that there is; the other is to get the next. */
static bool asked_for_another(void)
{
    struct child first = {0}, second = {0};
    keel_fork_frame first_frame, second_frame;
    int64_t end = keel_now() + 5 * MILLISECOND;
    while (keel_now() < end)
        arch_pause();
    keel_fork(&first_frame, wait_for_leave, &first);
    int64_t patience = keel_now() + meeting_patience;
    while (!have_arrived(&first.begun, 1) && keel_now() < patience)
        arch_syscall0(__NR_sched_yield);
    keel_fork(&second_frame, note_id, &second);
    bool right = fork_until(&second.ran);
    arrive(&first.may_end);
    keel_join(&second_frame);
    keel_join(&first_frame);
    return right && second.id != keel_task_id();
}

static void repeat(bool (*works)(void), const char *what)
{
    unsigned failed = 0;
    for (unsigned round = 0; round < rounds && failed == 0; round++)
        failed += !works();
    check_equal(failed, 0, what);
}

int main(void)
{
    /* RELAXED: nobody else is there yet. */
    atomic_store(&sched.worker_limit, workers, RELAXED);
    repeat(asked_in_a_join, "a join shows the children that are left");
    repeat(asked_for_another, "who found a child asks for those who sleep");
    return tap_done();
}
