/*
 * Where no thread can be made, keel_should_yield always says yes: the loop is slower, and all else
 * runs as it should. Where no thread may end, the one that looks stays.
 */
#include "sched/sched.h"
#include "tests/cases.h"
#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { right = 0, wrong = 1, asks = 5000 };

static uint32_t done; /* atomic */

static void sleep_shortly(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++)
        keel_sleep(MILLISECOND);
    arrive(&done);
}

/* Whether a sleeper ends beside a loop that yields when told; counts how often it was not. */
static bool compute(uint32_t wanted, uint64_t *refusals)
{
    int64_t end = keel_now() + meeting_patience;
    keel_spawn(sleep_shortly, NULL);
    for (uint64_t i = 0; i < asks || !have_arrived(&done, wanted); i++) {
        if (keel_should_yield())
            keel_yield();
        else
            (*refusals)++;
        if (i % 1024 == 0 && keel_now() > end)
            return false;
    }
    return true;
}

static int always_yes(void)
{
    uint64_t refusals = 0;
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: nobody else is there yet */
    refuse_syscall(__NR_clone, EAGAIN);
    return compute(1, &refusals) && refusals == 0 ? right : wrong;
}

/* Whether the answer, where it is no, becomes yes again before patience ends. */
static bool is_told(void)
{
    int64_t end = keel_now() + meeting_patience;
    while (!keel_should_yield()) {
        if (keel_now() > end)
            return false;
        arch_pause();
    }
    return true;
}

static uint32_t computing; /* atomic */

/* Where nobody can make the thread, nobody goes on for long because another is just trying to. */
static void *ask_often(void *arg)
{
    arrive(&computing);
    if (!spin_until(&computing, 2))
        return NULL;
    for (uint64_t i = 0; i < 40 * asks; i++) {
        if (!is_told())
            return NULL;
        keel_yield();
    }
    return arg;
}

static int always_yes_on_two(void)
{
    void *is_right;
    atomic_store(&sched.worker_limit, 2, RELAXED); /* RELAXED: as above */
    keel_task *beside = keel_task_create(ask_often, &computing, NULL);
    keel_sleep(MILLISECOND); /* it begins elsewhere, or here */
    refuse_syscall(__NR_clone, EAGAIN);
    bool both = ask_often(&computing) != NULL;
    keel_task_await(beside, &is_right);
    return both && is_right != NULL ? right : wrong;
}

static int stays(void)
{
    uint64_t refusals = 0;
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: as above */
    refuse_syscall(__NR_exit, EPERM);
    long threads = count_threads();
    if (!compute(1, &refusals) || refusals == 0)
        return wrong;
    keel_sleep(1000 * MILLISECOND); /* it would have gone */
    bool is_there = threads == 0 || count_threads() == threads + 1;
    return compute(2, &refusals) && is_there ? right : wrong;
}

/* What it rests by is refused: it rests by something else. */
static int rests(void)
{
    uint64_t refusals = 0;
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: as above */
    refuse_syscall(__NR_futex, ENOSYS);
    return compute(1, &refusals) && refusals > 0 ? right : wrong;
}

/* Signals cannot be kept away from it. */
static int takes_signals(void)
{
    uint64_t refusals = 0;
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: as above */
    refuse_syscall(__NR_rt_sigprocmask, EPERM);
    return compute(1, &refusals) && refusals > 0 ? right : wrong;
}

int main(void)
{
    cases_need_refusals();
    check_case(always_yes, right, "no thread: the answer is always yes");
    check_case(always_yes_on_two, right, "no thread: who relied on another's try is told so");
    check_case(stays, right, "no end of a thread: it stays, and answers");
    check_case(rests, right, "no futex: it rests otherwise");
    check_case(takes_signals, right, "no mask of signals: it goes without");
    return tap_done();
}
