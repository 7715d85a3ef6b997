/*
 * Tasks that hold their threads: each stays on its own, which nobody else runs on, wherever it
 * waits; the others go on; and when all have let, the threads are gone.
 */
#include <linux/prctl.h>

#include "keel.h"
#include "sched/sched.h"
#include "tests/sched/meeting.h"
#include "tests/sched/threads.h"

enum { holders = 12, turns = 20, passers = 200 };

static uint32_t held, ended;
static int64_t holder_threads[holders]; /* atomic; 0: it does not hold */
static uint32_t strangers;              /* tasks that ran on a holder's thread */
static keel_chan *ping, *pong;

static int64_t thread_number(void)
{
    return arch_syscall0(__NR_gettid);
}

static bool is_held(int64_t thread)
{
    for (int i = 0; i < holders; i++) {
        /* RELAXED: a thread that is held while we run on it would be there already. */
        if (atomic_load(&holder_threads[i], RELAXED) == thread)
            return true;
    }
    return false;
}

static void *pass_by(void *arg)
{
    if (is_held(thread_number()))
        atomic_fetch_add(&strangers, 1, RELAXED); /* RELAXED: read when all have ended */
    keel_yield();
    if (is_held(thread_number()))
        atomic_fetch_add(&strangers, 1, RELAXED); /* RELAXED: as above */
    return arg;
}

/* Whether it is still on the same thread after each kind of wait. */
static bool waits_stay(int64_t thread)
{
    bool stays = true;
    for (int turn = 0; turn < turns; turn++) {
        uint64_t element = 1;
        keel_sleep(MILLISECOND / 20);
        stays &= thread_number() == thread;
        keel_task_await(keel_task_create(pass_by, NULL, NULL), NULL);
        stays &= thread_number() == thread;
        keel_chan_send(ping, &element);
        stays &= keel_chan_receive(pong, &element) == 1 && thread_number() == thread;
        keel_yield();
        stays &= thread_number() == thread;
    }
    return stays;
}

static void *hold(void *arg)
{
    int64_t *place = arg;
    bool right = keel_thread_hold() == 0;
    int64_t thread = thread_number();
    atomic_store(place, thread, RELAXED); /* RELAXED: see is_held */
    right &= keel_thread_hold() == 0;
    arrive(&held);
    yield_until(&held, holders);
    right &= waits_stay(thread);
    keel_thread_let();
    keel_sleep(MILLISECOND / 20);
    right &= thread_number() == thread;
    atomic_store(place, 0, RELAXED); /* RELAXED: as above */
    keel_thread_let();
    keel_yield();
    arrive(&ended);
    return (void *)(uintptr_t)right;
}

static void answer(void *arg)
{
    uint64_t element;
    (void)arg;
    while (keel_chan_receive(ping, &element) == 1)
        keel_chan_send(pong, &element);
}

static void many_hold(void)
{
    static keel_task *tasks[holders];
    static keel_task *others[passers];
    ping = keel_chan_create(0, sizeof(uint64_t));
    pong = keel_chan_create(4, sizeof(uint64_t));
    keel_spawn(answer, NULL);
    for (int i = 0; i < holders; i++)
        tasks[i] = keel_task_create(hold, &holder_threads[i], NULL);
    for (int i = 0; i < passers; i++)
        others[i] = keel_task_create(pass_by, NULL, NULL);
    for (int i = 0; i < passers; i++)
        keel_task_await(others[i], NULL);
    size_t right = 0;
    for (int i = 0; i < holders; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        right += result != NULL;
    }
    keel_chan_close(ping);
    check_equal(right, holders, "each stays on its thread, in whatever it waits, until it lets");
    check_equal(strangers, 0, "nobody else runs there");
}

/* What was forked before is joined after, in both directions. */
static void *number_of(void *arg)
{
    return arg;
}

static void forks(void)
{
    keel_fork_frame first, second, third;
    keel_fork(&first, number_of, (void *)1);
    keel_fork(&second, number_of, (void *)2);
    bool is_right = keel_thread_hold() == 0;
    keel_fork(&third, number_of, (void *)3);
    is_right &= keel_join(&third) == (void *)3 && keel_join(&second) == (void *)2;
    keel_thread_let();
    is_right &= keel_join(&first) == (void *)1;
    check(is_right, "what was forked before is joined, while the thread is held and after");
}

/* What was created before, and has not begun, runs elsewhere too when it is awaited. */
static void *thread_of(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)thread_number();
}

static void children(void)
{
    enum { rounds = 30, count = 20 };
    keel_task *created[count];
    size_t here = 0;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            created[i] = keel_task_create(thread_of, NULL, NULL);
        keel_thread_hold();
        for (int i = 0; i < count; i++) {
            void *result = NULL;
            keel_task_await(created[i], &result);
            here += (intptr_t)result == thread_number();
        }
        keel_thread_let();
    }
    check_equal(here, 0, "nor does what was created before, though it is awaited");
}

static bool is_named_mine(void)
{
    char name[16] = "";
    arch_syscall2(__NR_prctl, PR_GET_NAME, (long)name);
    return name[0] == 'm' && name[1] == 'i' && name[2] == 'n' && name[3] == 'e';
}

/* Takes long enough that a worker is made for the next one. */
static void *look_at_name(void *arg)
{
    int64_t end = keel_now() + MILLISECOND / 5;
    while (keel_now() < end)
        arch_pause();
    return is_named_mine() ? arg : NULL;
}

static size_t count_named(void)
{
    enum { count = 100 };
    static keel_task *tasks[count];
    size_t named = 0;
    for (int i = 0; i < count; i++)
        tasks[i] = keel_task_create(look_at_name, tasks, NULL);
    for (int i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        named += result != NULL;
    }
    return named;
}

/* On the process's own thread; its name stays behind. */
static void main_holds(void)
{
    char mine[16] = "mine";
    check_equal(keel_thread_hold(), 0, "main holds its thread");
    int64_t thread = thread_number();
    check_equal(thread, arch_syscall0(__NR_getpid), "which is the process's own");
    arch_syscall2(__NR_prctl, PR_SET_NAME, (long)mine);
    keel_sleep(MILLISECOND);
    keel_task_await(keel_task_create(pass_by, NULL, NULL), NULL);
    check(is_named_mine(), "what it has set of its thread, it finds");
    check_equal(count_named(), 0, "and no other, not on threads that are made meanwhile either");
    keel_thread_let();
    check(thread_number() != thread, "and goes on elsewhere when it lets");
    check(!is_named_mine(), "where it is not set");
}

static void threads_left(long before)
{
    int64_t end = keel_now() + meeting_patience;
    long workers = keel_worker_count(); /* the process's own waits for the end; and the maker */
    long most = before + workers + (workers > 1);
    if (before == 0) {
        skip("the threads are gone", "there is no /proc");
        return;
    }
    while (count_threads() > most && keel_now() < end)
        keel_sleep(MILLISECOND);
    check(count_threads() <= most, "the threads are gone");
}

int main(void)
{
    long before = count_threads();
    main_holds();
    forks();
    many_hold();
    children();
    for (int i = 0; i < 100; i++) {
        keel_thread_hold();
        keel_thread_let();
    }
    threads_left(before);
    return tap_done();
}
