/*
 * Wait groups. Whoever sees one at zero gives the page back on which it lies: a call that touches
 * it afterwards ends the program.
 */
#include "keel/sync.h"

#include "keel/mem.h"
#include "mem/pages.h"
#include "sched/parking_lot.h"
#include "tests/sched/meeting.h"

enum { many = 1000, waiters = 20 };

static uint32_t done_count, waiting, went_on, early; /* atomic */

static void do_one(void *group)
{
    atomic_fetch_add(&done_count, 1u, RELAXED); /* RELAXED: the group publishes it */
    keel_wait_group_done(group);
}

static void wait_at_zero(void *arg)
{
    keel_wait_group group = {0};
    keel_wait_group_wait(&group);
    arrive(arg);
}

static void test_counts(void)
{
    static uint32_t returned; /* atomic */
    keel_wait_group group = {0};
    keel_spawn(wait_at_zero, &returned);
    check(yield_until(&returned, 1), "a wait at zero returns at once");
    keel_wait_group_add(&group, 0);
    keel_wait_group_wait(&group);
    keel_wait_group_add(&group, INT32_MAX);
    keel_wait_group_add(&group, -INT32_MAX + 2);
    keel_wait_group_add(&group, -1);
    keel_wait_group_done(&group);
    keel_wait_group_wait(&group);
    check_equal(group.word, 0, "additions and subtractions of any size come to zero");
    check_equal(sizeof group, 4, "a group is one word");
}

/* On the stack, used again and again. */
static void test_rounds(void)
{
    enum { rounds = 50 };
    keel_wait_group group = {0};
    unsigned wrong = 0;
    for (unsigned round = 0; round < rounds; round++) {
        done_count = 0;
        keel_wait_group_add(&group, many);
        for (unsigned i = 0; i < many; i++)
            keel_spawn(do_one, &group);
        keel_wait_group_wait(&group);
        wrong += atomic_load(&done_count, RELAXED) != many; /* RELAXED: the group published it */
        wrong += group.word != 0;
    }
    check_equal(wrong, 0, "a wait returns when all are done, round after round");
}

static uint64_t written[waiters];
static bool let_go; /* before the last done */

static void wait_for_all(void *group)
{
    arrive(&waiting);
    keel_wait_group_wait(group);
    if (!let_go)
        arrive(&early);
    arrive(&went_on);
}

static void test_several_wait(void)
{
    keel_wait_group *group = keel_alloc_zeroed(1, sizeof *group);
    keel_wait_group_add(group, 2);
    for (unsigned i = 0; i < waiters; i++)
        keel_spawn(wait_for_all, group);
    yield_until(&waiting, waiters);
    keel_sleep(2 * MILLISECOND); /* the last ones park */
    keel_wait_group_add(group, 1);
    keel_wait_group_done(group);
    keel_wait_group_done(group);
    check_equal(went_on, 0, "nobody goes on before the count is zero");
    let_go = true;
    keel_wait_group_done(group);
    check(yield_until(&went_on, waiters), "all who wait go on");
    check_equal(early, 0, "and none did before");
    check_equal(group->word, 0, "the group is as it was at first");
    keel_free(group);
}

/* What was written before a done is seen after the wait. */
static void write_one(void *arg)
{
    struct {
        keel_wait_group *group;
        uint64_t *place;
    } *work = arg;
    *work->place = 7;
    keel_wait_group_done(work->group);
}

static void test_publishes(void)
{
    keel_wait_group group = {0};
    struct {
        keel_wait_group *group;
        uint64_t *place;
    } work[waiters];
    unsigned wrong = 0;
    for (unsigned round = 0; round < many; round++) {
        keel_wait_group_add(&group, waiters);
        for (unsigned i = 0; i < waiters; i++) {
            written[i] = 0;
            work[i].group = &group;
            work[i].place = &written[i];
            keel_spawn(write_one, &work[i]);
        }
        keel_wait_group_wait(&group);
        for (unsigned i = 0; i < waiters; i++)
            wrong += written[i] != 7;
    }
    check_equal(wrong, 0, "who waited sees all that was done");
}

/* ---- a thousand wait, half of them as children on the stacks of those who await them */

struct child_waiter {
    keel_wait_group *group;
    uintptr_t parent; /* an address in its frame */
};

static uint32_t hosted; /* atomic */

static void *wait_as_child(void *arg)
{
    enum { near = 16 * 1024 };
    const struct child_waiter *self = arg;
    if (self->parent - (uintptr_t)__builtin_frame_address(0) < near)
        arrive(&hosted);
    arrive(&waiting);
    keel_wait_group_wait(self->group);
    return arg;
}

static void await_one_who_waits(void *group)
{
    struct child_waiter child = {group, (uintptr_t)__builtin_frame_address(0)};
    void *result = NULL;
    keel_task_await(keel_task_create(wait_as_child, &child, NULL), &result);
    if (!let_go || result != &child)
        arrive(&early);
    arrive(&went_on);
}

static void count_parked(struct keel_task *task, void *count)
{
    /* RELAXED: who is parked stays so until the group is at zero. */
    if (atomic_load(&task->state, RELAXED) == SCHED_TASK_PARKED &&
        atomic_load(&task->wait_reason, RELAXED) == SCHED_WAIT_GROUP)
        ++*(unsigned *)count;
}

/* From then on they look at the group no more. */
static bool are_parked(unsigned wanted)
{
    int64_t end = keel_now() + meeting_patience;
    for (unsigned count = 0; count < wanted; keel_sleep(MILLISECOND)) {
        if (keel_now() > end)
            return false;
        count = 0;
        sched_task_each(count_parked, &count);
    }
    return true;
}

static void test_many_wait(void)
{
    keel_wait_group *group = page_map(arch_page_size);
    waiting = went_on = early = 0;
    let_go = false;
    keel_wait_group_add(group, 1);
    for (unsigned i = 0; i < many; i++)
        keel_spawn(i % 2 == 0 ? wait_for_all : await_one_who_waits, group);
    check(are_parked(many), "a thousand wait");
    let_go = true;
    keel_wait_group_done(group);
    page_unmap(group, arch_page_size);
    check(yield_until(&went_on, many), "a thousand go on, and touch the group no more");
    check_equal(early, 0, "nobody did before");
    check(hosted > 0, "some of them on their parents' stacks");
}

/* The next round begins before those who waited for the last one have run. */
static void test_next_round(void)
{
    keel_wait_group group = {0};
    waiting = went_on = early = 0;
    keel_wait_group_add(&group, 1);
    for (unsigned i = 0; i < waiters; i++)
        keel_spawn(wait_for_all, &group);
    are_parked(waiters);
    let_go = true;
    keel_wait_group_done(&group);
    keel_wait_group_add(&group, 1);
    check(yield_until(&went_on, waiters), "who waited for one round goes on in the next");
    keel_wait_group_done(&group);
    keel_wait_group_wait(&group);
}

/* ---- released at once */

enum { releasing_rounds = 5000 };

static void release_when_woken(void *arg)
{
    enum { tasks = 3 };
    for (unsigned round = 0; round < releasing_rounds; round++) {
        keel_wait_group *group = page_map(arch_page_size);
        keel_wait_group_add(group, tasks);
        for (unsigned i = 0; i < tasks; i++)
            keel_spawn(do_one, group);
        keel_wait_group_wait(group);
        page_unmap(group, arch_page_size);
        arrive(arg);
    }
}

static void test_woken_releases(void)
{
    static uint32_t released; /* atomic */
    keel_spawn(release_when_woken, &released);
    check(yield_until(&released, releasing_rounds), "who was woken may release the group at once");
}

/* Keeps the worker until the word has a bit of the mask, or none. */
static bool spin_for_word(keel_wait_group *group, uint32_t mask, bool wanted)
{
    int64_t end = keel_now() + meeting_patience;
    /* ACQUIRE: with the RELEASE in announce (wait_group.c). */
    while (((atomic_load(&group->word, ACQUIRE) & mask) != 0) != wanted) {
        if (keel_now() > end)
            return false;
        arch_pause();
    }
    return true;
}

/*
 * main sees by itself that the group is at zero, while the task that brought it there is about to
 * wake another, on another worker.
 */
static void test_seeing_releases(void)
{
    enum { rounds = 2000, waited = 1 };
    if (keel_worker_count() < 2) {
        skip("who saw it at zero may too", "there is one worker");
        return;
    }
    bool met = true;
    went_on = 0;
    for (unsigned round = 0; round < rounds && met; round++) {
        keel_wait_group *group = page_map(arch_page_size);
        keel_wait_group_add(group, 2);
        keel_spawn(wait_for_all, group);
        met &= spin_for_word(group, waited, true);
        keel_spawn(do_one, group);
        keel_spawn(do_one, group);
        met &= spin_for_word(group, UINT32_MAX, false);
        page_unmap(group, arch_page_size);
        met &= yield_until(&went_on, round + 1);
    }
    check(met, "who saw it at zero may too");
}

/* ---- in between, brought about by the lock of the bucket */

static void pause_for(int64_t ns)
{
    for (int64_t end = keel_now() + ns; keel_now() < end;)
        arch_pause();
}

/* It finds the group above zero, and waits for the lock; then the group comes to zero. */
static void test_zero_before_the_lock(void)
{
    keel_wait_group group = {0};
    if (keel_worker_count() < 2) {
        skip("who comes just too late to wait goes on", "there is one worker");
        return;
    }
    waiting = went_on = 0;
    keel_wait_group_add(&group, 1);
    struct lock *lock = sched_lot_lock(&group);
    keel_spawn(wait_for_all, &group);
    bool met = spin_until(&waiting, 1);
    pause_for(5 * MILLISECOND); /* from there to the lock */
    keel_wait_group_done(&group);
    lock_release(lock);
    check(met && yield_until(&went_on, 1), "who comes just too late to wait goes on");
}

/* The count is at zero, and those who wait are about to be told. */
static void test_wait_before_the_announcement(void)
{
    enum { waited = 1, one = 2 };
    keel_wait_group group = {waited};
    waiting = went_on = 0;
    keel_spawn(wait_for_all, &group);
    bool met = yield_until(&waiting, 1);
    keel_sleep(5 * MILLISECOND);
    check(met && atomic_load(&went_on, ACQUIRE) == 0, "nobody overtakes the announcement");
    atomic_store(&group.word, waited + one, RELAXED); /* RELAXED: they wait */
    keel_wait_group_done(&group);
    check(yield_until(&went_on, 1), "with it they go on");
}

int main(void)
{
    test_counts();
    test_rounds();
    test_several_wait();
    test_publishes();
    test_many_wait();
    test_next_round();
    test_woken_releases();
    test_seeing_releases();
    test_zero_before_the_lock();
    test_wait_before_the_announcement();
    return tap_done();
}
