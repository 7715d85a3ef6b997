/*
 * Deadlines: one timing wheel a worker (wheel.h), under a lock of its own.
 *
 * The goal: a wait with a deadline costs little more than one without; a timer that is cancelled
 * wakes nobody; and none is late while some worker is idle, whatever the others do.
 *
 * Rejected: one wheel or heap for all (every sleep takes the same lock and the same cache lines); a
 * thread or a timerfd for timers (a system call a timer, and two switches for each that is due);
 * timers that only their own worker serves (they are late while it computes); nodes on the waiting
 * stacks (to put them in order would touch each stack once more: a page-table walk and a cache miss
 * a timer; so a timer lies in the task's descriptor, on the line that its wake-up needs anyway).
 *
 * Who looks: each worker at its own wheel whenever it picks, and at all others' every 61st time and
 * before it goes to sleep; who searches (pick.c), at all of them in each round: a search may take a
 * millisecond, and whoever searches covers nothing. To read the clock costs as much as some
 * switches: so while looks follow each other by less than a microsecond it is read at each 16th
 * only. (Tasks that took short turns and begin to compute for long can so hold up a timer of their
 * own worker for 15 turns, once, when no other worker is idle.)
 *
 * When no worker picks, some worker sleeps, and a sleeper *covers* the earliest deadline of all
 * wheels: it sleeps only so long. `covered` says how long; FOREVER: nobody covers.
 *
 * Invariant: when a worker sleeps and a timer is armed, a sleeper covers a deadline that is not
 * later than the timer's, or a worker is awake that will see to it.
 *
 * Who arms a timer:
 *     1. puts it into its own wheel, under the lock; what else makes the task findable happens
 *        under the lock too (see below);
 *     2. fence SEQ_CST;
 *     3. when `covered` is later than the deadline: sets `uncovered`, and if it goes on to run a
 *        task, wakes a sleeper. (Else it is a runner that looks for work: it finds some, and comes
 *        to step 4, or goes to sleep, and covers.)
 * Who has looked for work and found some:
 *     4. when `uncovered` is set, and there are a sleeper and a timer, wakes a sleeper.
 * Who goes to sleep, between its steps b and d (idle.c):
 *     5. clears `uncovered`;
 *     6. fence SEQ_CST (step c);
 *     7. looks at all wheels; when the earliest deadline is earlier than `covered`, it covers it.
 * Who covered, and wakes:
 *     8. sets `covered` to FOREVER and `uncovered`; fence SEQ_CST.
 * A further sleeper that is woken finds nothing to do, and covers. A sleeper that is relieved by
 * one that covers an earlier deadline sleeps on, and wakes at its own time, mostly in vain.
 *
 * Why nothing is lost. Let a timer be armed. If step 3 finds `covered` later, somebody is woken: by
 * the fences of sched_wake_one (2 of idle.c) and step c either it sees the sleeper, or that one
 * sees the timer in step 7. If a searcher is relied on instead, it sleeps later, and sees the timer
 * in step 7; or it finds work, and sees `uncovered` in step 4: if a sleeper had cleared it after
 * step 3 set it, the fences 2 and 6 put that one's step 7 behind step 1, so it has seen the timer.
 * If step 3 finds `covered` early enough, a sleeper covers; or it has just woken, in step 8: then
 * by the fences 2 and 8 it sees the timer whenever it looks next, in step 4 or in step 7.
 *
 * Who ends a wait. Its timer alone (a sleep); or one compare-and-swap decides between waker and
 * deadline: on `join` of the awaited task, or on the claim (claim.h). The timer's is done under the
 * wheel's lock, and touches nothing but that word (tests/model/deadline.pml explores it). So:
 *   - who arms does it under the lock that makes the task findable, or makes it findable under the
 *     wheel's lock: nobody can have ended the wait before the timer is there;
 *   - a timer that lost leaves the wheel, and the task is not touched after the lock is released;
 *   - a task that was woken by somebody else cancels its timer under the lock: after that no worker
 *     has it in its hands, and what it waited on may be freed, its descriptor too.
 *
 * Cancelling wakes nobody. A sleeper that covered the timer may wake at its time, once, and finds
 * nothing.
 */
#include "base/clock.h"
#include "base/deep.h"
#include "sched/claim.h"

enum {
    turns_between_others = 61,
    skip_most = 15,
    serve_least_most = 32,
    often = 2000,  /* ns between two readings of the clock: they may be further apart */
    seldom = 8000, /* they were too far apart */
    /* Of a stack, from its context up: what a task reads when it returns from its sleep. */
    lines_ahead = 6,
};

/* A wheel's memory, and room for what its owner takes out of any wheel. */
struct sched_wheel {
    struct wheel wheel;
    struct wheel_timer *due[wheel_due_most];
};

static _Alignas(arch_page_size) struct sched_wheel first_wheel;

size_t sched_timers_size(void)
{
    return sizeof(struct sched_wheel);
}

void sched_timers_init(struct sched_worker *worker, void *memory)
{
    worker->timers.wheel = memory != NULL ? memory : &first_wheel;
    worker->timers.next = CLOCK_FOREVER;
    worker->looks.turn = turns_between_others;
}

static struct keel_task *task_of(struct wheel_timer *timer)
{
    return container_of(timer, struct keel_task, timer);
}

static void set_next(struct sched_timers *timers, int64_t next)
{
    atomic_store(&timers->next, next, RELAXED); /* RELAXED: a hint; who acts on it takes the lock */
}

static int64_t next_of(const struct sched_timers *timers)
{
    return atomic_load(&timers->next, RELAXED); /* RELAXED: as in set_next, or ordered by fences */
}

/* ---- arming */

void sched_timer_prepare(enum sched_timer_end end, int64_t deadline, int64_t now)
{
    struct keel_task *self = sched_self();
    self->timer.deadline = deadline;
    self->timer_end = end & 7; /* as it is: so the compiler knows that it fits */
    sched_worker()->looks.prepared = now;
}

/* Caller holds the lock. */
static void insert(struct sched_worker *worker, struct keel_task *task)
{
    struct sched_timers *timers = &worker->timers;
    task->timer_worker = worker->index & 0x7ff;
    int64_t event = wheel_insert(&timers->wheel->wheel, &task->timer, worker->looks.prepared);
    if (event < timers->next)
        set_next(timers, event);
}

/* Whether this thread goes on to run a task, and does not look for work first. */
static bool goes_on(const struct sched_worker *worker)
{
    return thread_block()->task != NULL || worker->handed != NULL;
}

/* Steps 2 and 3. */
static void see_to_cover(int64_t deadline)
{
    atomic_fence_shared(SEQ_CST); /* SEQ_CST: step 2, with step c in sched_idle_sleep, and step 8 */
    /* RELAXED: ordered by the fence. */
    if (atomic_load(&sched.covered, RELAXED) <= deadline)
        return;
    atomic_store(&sched.uncovered, true, RELAXED); /* RELAXED: with the load in step 4 */
    /* Who goes on will not cover the deadline by sleeping itself. */
    if (goes_on(sched_worker()))
        sched_wake_one(false);
}

/* Step 1. Returns the deadline: the task may be gone on its way before steps 2 and 3. */
static int64_t arm(struct keel_task *task)
{
    struct sched_worker *worker = sched_worker();
    int64_t deadline = task->timer.deadline;
    lock_acquire(&worker->timers.lock);
    insert(worker, task);
    lock_release(&worker->timers.lock);
    return deadline;
}

void sched_step_sleep(struct keel_task *task, void *data)
{
    (void)data;
    see_to_cover(arm(task));
}

void sched_step_unlock_until(struct keel_task *task, void *data)
{
    int64_t deadline = arm(task);
    lock_release(data);
    see_to_cover(deadline);
}

/* If the awaited task has ended meanwhile, wakes the caller itself. */
void sched_step_await_until(struct keel_task *self, void *data)
{
    struct keel_task *task = data;
    struct sched_worker *worker = sched_worker();
    struct sched_timers *timers = &worker->timers;
    int64_t deadline = self->timer.deadline;
    uintptr_t none = SCHED_JOIN_NONE;
    lock_acquire(&timers->lock);
    insert(worker, self);
    /* RELEASE, ACQUIRE: as in step_await (await.c). */
    bool waits =
        atomic_compare_exchange_shared(&task->join, &none, (uintptr_t)self, RELEASE, ACQUIRE);
    lock_release(&timers->lock);
    if (waits)
        see_to_cover(deadline);
    else
        sched_ready(self);
}

void sched_timer_cancel(struct keel_task *self)
{
    struct sched_timers *timers = &sched.workers[self->timer_worker]->timers;
    lock_acquire(&timers->lock);
    if (self->timer.link != NULL && wheel_remove(&timers->wheel->wheel, &self->timer))
        set_next(timers, wheel_next(&timers->wheel->wheel));
    lock_release(&timers->lock);
}

/* ---- looking */

/* Whether the deadline ends the wait of the task. Caller holds the lock of the wheel. */
static bool ends_wait(struct keel_task *task)
{
    uintptr_t waiter = (uintptr_t)task;
    uintptr_t *join;
    switch (task->timer_end) {
    case SCHED_TIMER_SLEEP:
        return true;
    case SCHED_TIMER_AWAIT:
        join = (uintptr_t *)(uintptr_t)task->wait_object;
        /* RELAXED: it is taken back, nothing is told by it. */
        if (!atomic_compare_exchange_shared(join, &waiter, SCHED_JOIN_NONE, RELAXED, RELAXED))
            return false;
        /* RELAXED: read when the task runs again. */
        atomic_store(&task->claim, SCHED_CLAIM_TIMER, RELAXED);
        return true;
    default:
        return sched_claim_take(task, SCHED_CLAIM_TIMER);
    }
}

/*
 * How many to ready. What is due and cannot run soon stays in the wheel: in the ring it would have
 * gone from the caches again when its turn comes, and beyond the ring's room there is the global
 * queue, whose turn comes seldom. But where many yield for ever the ring is never short: then one
 * for each two that left it since the last time; no more, or it would grow.
 */
static unsigned serve_most(struct sched_worker *worker)
{
    int64_t room = wheel_due_most - ring_length(&worker->ready);
    uint64_t head = ring_head(&worker->ready);
    uint64_t left = head - worker->looks.ring_head;
    unsigned least = left < serve_least_most ? (unsigned)(left + 1) / 2 : serve_least_most / 2;
    worker->looks.ring_head = head;
    return room > (int64_t)least ? (unsigned)room : least;
}

/* Takes what is due out of a wheel. Returns how many tasks are to be readied, in worker's room. */
static unsigned take_due(struct sched_worker *worker, struct sched_timers *timers, int64_t now)
{
    unsigned most = serve_most(worker);
    struct wheel_timer **due = worker->timers.wheel->due;
    unsigned kept = 0;
    lock_acquire(&timers->lock);
    unsigned count = wheel_serve(&timers->wheel->wheel, now, due, most);
    set_next(timers, wheel_next(&timers->wheel->wheel));
    for (unsigned i = 0; i < count; i++) {
        if (ends_wait(task_of(due[i])))
            due[kept++] = due[i];
    }
    lock_release(&timers->lock);
    return kept;
}

/*
 * So many tasks were readied. A runner that is about to look for work takes one of them itself: for
 * a lone one nobody is woken. But it looks as a searcher: should it find other work before, the end
 * of its search sees to this one (idle.c).
 */
static void announce(struct sched_worker *worker, unsigned count)
{
    if (count > 1 || goes_on(worker)) {
        sched_wake_one(false);
    } else if (!process_is_alone()) {
        atomic_fence(SEQ_CST); /* SEQ_CST: step 2 of idle.c, with its step c */
        /* RELAXED: ordered by the fence. */
        if (atomic_load(&sched.idle_count, RELAXED) != 0)
            sched_search_begin(worker);
    }
}

struct service {
    struct sched_worker *worker;
    struct sched_timers *timers;
    int64_t now;
};

static void serve_deep(void *data)
{
    const struct service *service = data;
    struct sched_worker *worker = service->worker;
    unsigned count = take_due(worker, service->timers, service->now);
    struct wheel_timer **due = worker->timers.wheel->due;
    for (unsigned i = 0; i < count; i++) {
        const char *context = task_of(due[i])->context;
        for (unsigned line = 0; line < lines_ahead; line++)
            __builtin_prefetch(context + line * arch_cache_line);
    }
    for (unsigned i = 0; i < count; i++) {
        sched_count(&worker->counts.wakes);
        sched_push_ready(worker, task_of(due[i]));
    }
    if (count > 0)
        announce(worker, count);
}

/* noinline: what stands on a small stack is to be small. */
static __attribute__((noinline)) void serve(struct sched_worker *worker,
                                            struct sched_timers *timers, int64_t now)
{
    struct service service = {worker, timers, now};
    deep_hook_call(serve_deep, &service);
}

static int64_t read_clock(struct sched_worker *worker)
{
    return worker->looks.time = clock_now();
}

/* Whether it is time to read the clock; looks that follow each other closely need not all do so. */
static bool may_skip(struct sched_timer_looks *looks)
{
    if (looks->skips == 0)
        return false;
    looks->skips--;
    return true;
}

static void set_skips(struct sched_timer_looks *looks, int64_t since)
{
    if (since < often)
        looks->skip = looks->skip < skip_most ? 2 * looks->skip + 1 : skip_most;
    else if (since > seldom)
        looks->skip /= 4;
    looks->skips = looks->skip;
}

static void run_all(void *found)
{
    struct sched_worker *worker = sched_worker();
    int64_t now = 0;
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct sched_timers *timers = &sched.workers[i]->timers;
        int64_t next = next_of(timers);
        if (next == CLOCK_FOREVER)
            continue;
        if (now == 0)
            now = read_clock(worker);
        if (next <= now) {
            *(bool *)found = true;
            serve(worker, timers, now);
        }
    }
}

bool sched_timers_run_all(void)
{
    bool found = false;
    deep_hook_call(run_all, &found);
    return found;
}

void sched_timers_look(struct sched_worker *worker)
{
    struct sched_timer_looks *looks = &worker->looks;
    struct sched_timers *timers = &worker->timers;
    if (looks->turn == 0) {
        looks->turn = turns_between_others;
        sched_timers_run_all();
        return;
    }
    if (next_of(timers) == CLOCK_FOREVER || may_skip(looks))
        return;
    int64_t before = looks->time;
    int64_t now = read_clock(worker);
    set_skips(looks, now - before);
    if (next_of(timers) <= now)
        serve(worker, timers, now);
}

bool sched_timers_late(const struct sched_worker *worker)
{
    return next_of(&worker->timers) <= worker->looks.time;
}

int64_t sched_timers_next(void)
{
    int64_t first = CLOCK_FOREVER;
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        int64_t next = next_of(&sched.workers[i]->timers);
        first = next < first ? next : first;
    }
    return first;
}

bool sched_timers_armed(void)
{
    return sched_timers_next() != CLOCK_FOREVER;
}

bool sched_timers_due(void)
{
    return sched_timers_next() <= clock_now();
}

/* ---- covering */

void sched_timers_pass_on(void)
{
    /* RELAXED: ordered by the fences of who set them; see above. */
    if (likely(!atomic_load(&sched.uncovered, RELAXED)))
        return;
    if (atomic_load(&sched.idle_count, RELAXED) != 0 && sched_timers_armed())
        sched_wake_one(false);
}

void sched_timers_cover_begin(void)
{
    /* RELAXED: ordered by the fence that follows. */
    if (atomic_load(&sched.uncovered, RELAXED))
        atomic_store(&sched.uncovered, false, RELAXED);
}

/* The earliest deadline of all wheels. */
static int64_t earliest(void)
{
    int64_t earliest_yet = CLOCK_FOREVER;
    /* ACQUIRE: as in sched_timers_next. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        struct sched_timers *timers = &sched.workers[i]->timers;
        if (next_of(timers) >= earliest_yet)
            continue;
        lock_acquire(&timers->lock);
        int64_t deadline = wheel_earliest(&timers->wheel->wheel);
        lock_release(&timers->lock);
        if (deadline < earliest_yet)
            earliest_yet = deadline;
    }
    return earliest_yet;
}

int64_t sched_timers_cover(struct sched_worker *worker)
{
    int64_t deadline = earliest();
    if (deadline == CLOCK_FOREVER)
        return deadline;
    lock_acquire(&sched.cover_lock);
    if (deadline < sched.covered) {
        atomic_store(&sched.covered, deadline, RELAXED); /* RELAXED: seen late, it wakes in vain */
        sched.coverer = worker;
    } else {
        deadline = CLOCK_FOREVER;
    }
    lock_release(&sched.cover_lock);
    return deadline;
}

void sched_timers_uncover(struct sched_worker *worker)
{
    lock_acquire(&sched.cover_lock);
    bool covered = sched.coverer == worker;
    if (covered) {
        sched.coverer = NULL;
        /* RELAXED: ordered by the fence. */
        atomic_store(&sched.covered, CLOCK_FOREVER, RELAXED);
        atomic_store(&sched.uncovered, true, RELAXED);
    }
    lock_release(&sched.cover_lock);
    if (covered)
        atomic_fence(SEQ_CST); /* SEQ_CST: step 8, with step 2 */
}
