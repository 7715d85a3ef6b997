/*
 * Where no thread can be made, a blocking call holds its worker: the others wait until it is over,
 * and all else is as it should be.
 */
#include "boot/boot.h"
#include "sched/blocking.h"
#include "tests/cases.h"
#include "tests/sched/blocked.h"
#include "tests/sched/meeting.h"

enum { right = 0, wrong = 1, too_soon = 2, calls = 1500 };

static uint32_t turns, over; /* atomic */

static void take_turns(void *arg)
{
    (void)arg;
    while (!have_arrived(&over, 1)) {
        arrive(&turns);
        keel_yield();
    }
}

/* Whether the others had turns while main blocked, some milliseconds. */
static bool go_on_meanwhile(void)
{
    uint32_t before = turns;
    block_in_kernel(10 * MILLISECOND);
    return turns != before;
}

/* Others need a turn, the lender first, which may take longer where the CPUs are busy. */
static bool go_on_at_last(void)
{
    enum { tries = 100 };
    for (int i = 0; i < tries; i++) {
        if (go_on_meanwhile())
            return true;
    }
    return false;
}

static bool go_on_afterwards(void)
{
    return yield_until(&turns, turns + 3);
}

static void begin_on_one(void)
{
    atomic_store(&sched.worker_limit, 1, RELAXED); /* RELAXED: nobody else is there yet */
    keel_spawn(take_turns, NULL);
    keel_yield();
}

static int no_lender(void)
{
    begin_on_one();
    refuse_syscall(__NR_clone, EAGAIN);
    bool is_held = !go_on_meanwhile() && process_is_alone() && go_on_afterwards();
    for (unsigned i = 0; i < calls; i++) /* it is tried again now and then */
        block_in_kernel(1);
    arrive(&over);
    return is_held && process_is_alone() ? right : wrong;
}

/*
 * Whether the memory of a thread that could not be made is zero again, but for the block: the next
 * thread may be a worker's, which takes it for that.
 */
static bool left_nothing(void)
{
    enum { size = 16 * 1024 };
    void *behind;
    struct mem_stack *stack = mem_stack_acquire_with(size, &behind);
    size_t sum = 0;
    for (size_t i = round_up(boot_tls_size(), arch_cache_line); i < size; i++)
        sum += ((unsigned char *)behind)[i];
    mem_stack_return_with(stack, size);
    return sum == 0;
}

/*
 * The lender is there; those to which it would lend are not. Too soon: it has made one before that
 * was refused, because main was held up in its call.
 */
static int try_no_spare_thread(void)
{
    begin_on_one();
    keel_blocking_begin(); /* and no more: as a rule so short that nothing is lent yet */
    keel_blocking_end();
    refuse_syscall(__NR_clone, EAGAIN);
    bool is_held = !go_on_meanwhile() && go_on_afterwards();
    arrive(&over);
    if (sched_threads_besides > 1)
        return too_soon;
    return is_held && sched_lender.lent == 0 && sched.outside == 0 && left_nothing() ? right
                                                                                     : wrong;
}

static int no_spare_thread(void)
{
    int64_t end = keel_now() + meeting_patience;
    int status;
    do
        status = forked_status(try_no_spare_thread);
    while (status == too_soon && keel_now() < end);
    return status;
}

/* Neither is a second worker. */
static int no_worker(void)
{
    atomic_store(&sched.worker_limit, 8, RELAXED); /* RELAXED: nobody else is there yet */
    refuse_syscall(__NR_clone, EAGAIN);
    keel_spawn(take_turns, NULL);
    bool goes_on = go_on_afterwards();
    arrive(&over);
    return goes_on && sched.worker_count == 1 && left_nothing() ? right : wrong;
}

/* Others have workers of their own, and go on; each call holds its own. */
static int no_spare_thread_beside_workers(void)
{
    enum { workers = 4 };
    atomic_store(&sched.worker_limit, workers, RELAXED); /* RELAXED: nobody else is there yet */
    for (unsigned i = 0; i < 2 * workers; i++)
        keel_spawn(take_turns, NULL);
    while (atomic_load(&sched.worker_count, ACQUIRE) < 2) /* ACQUIRE: as elsewhere */
        keel_spawn(take_turns, NULL);
    keel_blocking_begin(); /* the lender is made; too short to be lent on */
    keel_blocking_end();
    refuse_syscall(__NR_clone, EAGAIN);
    bool all = true;
    for (unsigned i = 0; i < 10; i++)
        all = all && go_on_at_last() && go_on_afterwards();
    arrive(&over);
    return all && sched_lender.lent == 0 && sched.outside == 0 ? right : wrong;
}

static int rests_otherwise(void)
{
    begin_on_one();
    refuse_syscall(__NR_futex, ENOSYS);
    block_in_kernel(1);
    bool goes_on = go_on_afterwards();
    arrive(&over);
    return goes_on ? right : wrong;
}

static int takes_signals(void)
{
    begin_on_one();
    refuse_syscall(__NR_rt_sigprocmask, EPERM);
    bool goes_on = go_on_at_last() && go_on_afterwards();
    arrive(&over);
    return goes_on ? right : wrong;
}

static int no_number(void)
{
    begin_on_one();
    refuse_syscall(__NR_gettid, EPERM);
    bool goes_on = go_on_at_last() && go_on_afterwards();
    arrive(&over);
    return goes_on ? right : wrong;
}

int main(void)
{
    cases_need_refusals();
    check_case(no_lender, right, "no thread that lends: the worker is held, and the process alone");
    check_case(no_spare_thread, right, "no thread to lend to: the worker is held");
    check_case(no_worker, right, "no second worker: the first goes on");
    check_case(no_spare_thread_beside_workers, right, "nor does a call of one worker hold others");
    check_case(rests_otherwise, right, "no futex: it rests otherwise");
    check_case(takes_signals, right, "no mask of signals: it goes without");
    check_case(no_number, right, "no number of a thread: it goes without");
    return tap_done();
}
