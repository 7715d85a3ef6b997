/*
 * Picking, switching, parking. sched.h says how a runner works; here is what keeps it right.
 *
 * Every arrival on a stack after a switch (in sched_park, in sched_runner) first runs the deferred
 * step of the task that was left: only then can that task be found and woken. Between the switch
 * and that step nothing may park, and whatever lock the step releases is held: so what lies between
 * must be short. sched_before_park does beforehand what is long.
 *
 * Fairness. Ring and deque take turns; every 61st pick looks first for what may have waited
 * longest, so that nothing waits for ever behind a pair of tasks that keep readying each other, on
 * one worker too.
 */
#include "base/panic.h"
#include "sched/sched.h"

enum {
    picks_between_oldest = 61,
    stacks_kept = 16,   /* a worker's cache; more go to the shared pool */
    search_rounds = 16, /* with the pauses, tens of microseconds */
    pauses_between_rounds = 64,
};

/* ---- spare stacks */

static struct mem_stack *get_stack(struct sched_worker *worker)
{
    struct mem_stack *stack = NULL;
    if (worker->stack_promise != 0)
        stack = mem_stack_promise_keep(worker->stack_promise);
    worker->stack_promise = 0;
    return stack != NULL ? stack : mem_stack_acquire();
}

bool sched_have_spare(struct sched_worker *worker)
{
    if (worker->stacks != NULL)
        return true;
    struct mem_stack *stack = get_stack(worker);
    if (stack == NULL)
        return false;
    stack->next = NULL;
    worker->stacks = stack;
    worker->stack_count = 1;
    return true;
}

bool sched_may_begin(struct sched_worker *worker)
{
    if (worker->stacks != NULL || worker->stack_promise != 0)
        return true;
    worker->stack_promise = mem_stack_promise();
    return worker->stack_promise != 0 || sched_have_spare(worker);
}

bool sched_can_park(void)
{
    return sched_have_spare(sched_worker());
}

void sched_before_park(void)
{
    if (likely(sched_can_park()))
        return;
    struct line line;
    panic_begin(&line);
    line_text(&line, "no memory for a task stack");
    mem_stack_line(&line);
    panic_end(&line);
}

static struct mem_stack *take_spare(struct sched_worker *worker)
{
    struct mem_stack *stack = worker->stacks;
    worker->stacks = stack->next;
    worker->stack_count--;
    return stack;
}

/* Gives away what this worker can spare, to whoever sleeps for want of a stack. */
static void serve_starved(struct sched_worker *worker)
{
    while (worker->stack_count > 1)
        mem_stack_release(take_spare(worker));
    sched_wake_one(false);
}

/* The deferred step of a runner that gave up its stack, which is `data`. */
static void step_release_stack(struct keel_task *task, void *data)
{
    (void)task;
    struct sched_worker *worker = sched_worker();
    struct mem_stack *stack = data;
    if (worker->stack_count < stacks_kept) {
        stack->next = worker->stacks;
        worker->stacks = stack;
        worker->stack_count++;
    } else {
        mem_stack_release(stack);
    }
    if (unlikely(sched_anyone_starved()))
        serve_starved(worker);
}

void sched_share_stacks(struct sched_worker *worker)
{
    while (worker->stacks != NULL)
        mem_stack_release(take_spare(worker));
    if (worker->stack_promise != 0)
        mem_stack_promise_return(worker->stack_promise);
    worker->stack_promise = 0;
}

/* ---- picking */

/* xorshift32 (Marsaglia, 2003): where to begin the round of victims. */
static uint32_t next_random(struct sched_worker *worker)
{
    uint32_t value = worker->random;
    value ^= value << 13;
    value ^= value >> 17;
    value ^= value << 5;
    return worker->random = value;
}

static struct keel_task *steal_from(struct sched_worker *victim, bool lone_too)
{
    if (!lone_too && deque_length(&victim->fresh) + ring_length(&victim->ready) < 2)
        return NULL;
    struct keel_task *task = deque_steal(&victim->fresh);
    if (task == NULL)
        task = ring_pop(&victim->ready);
    return task;
}

/*
 * One round over all other workers. A victim's only task is left alone unless `lone_too`: most
 * often its owner is about to wait for it, or to park and take it, long before we could have moved
 * it here.
 */
static struct keel_task *steal(struct sched_worker *worker, bool lone_too)
{
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c), which publishes workers[]. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    uint32_t first = next_random(worker) % count;
    for (uint32_t i = 0; i < count; i++) {
        struct sched_worker *victim = sched.workers[(first + i) % count];
        if (victim == worker)
            continue;
        struct keel_task *task = steal_from(victim, lone_too);
        if (task != NULL) {
            worker->steal_count++;
            return task;
        }
    }
    return NULL;
}

/*
 * What may have waited longest, each in its turn: the global queue, our own oldest fresh task, and
 * other workers' tasks: they may be long at work while we are busy with tasks that keep readying
 * each other.
 */
static struct keel_task *pick_oldest(struct sched_worker *worker)
{
    switch (worker->pick_count / picks_between_oldest % 4) {
    case 0:
        return sched_global_pop();
    case 1:
        return deque_steal(&worker->fresh);
    case 2:
        return steal(worker, true);
    default:
        return sched_starved_pop();
    }
}

/* The next task of this worker's own queues, or NULL. */
static struct keel_task *pick_local(struct sched_worker *worker)
{
    struct keel_task *task = NULL;
    unsigned count = ++worker->pick_count;
    if (count % picks_between_oldest == 0)
        task = pick_oldest(worker);
    if (task == NULL && count % 2 == 0)
        task = deque_take(&worker->fresh);
    if (task == NULL)
        task = ring_pop(&worker->ready);
    if (task == NULL && count % 2 != 0)
        task = deque_take(&worker->fresh);
    return task;
}

/*
 * Looks everywhere. While others run, work may appear at any moment, and to be woken costs tens of
 * microseconds: so one searcher looks on for a while before it gives up. At the end it takes what
 * is left, a victim's only task too: whose owner computes on, its task must not wait for it.
 */
static struct keel_task *search(struct sched_worker *worker)
{
    struct keel_task *task = NULL;
    for (unsigned round = 0; task == NULL && round < search_rounds; round++) {
        task = sched_global_pop();
        if (task == NULL)
            task = steal(worker, false);
        if (task == NULL && sched_anyone_starved() && sched_have_spare(worker))
            task = sched_starved_pop();
        /* RELAXED: hints; what is missed here is found by the check in nothing_to_do (idle.c). */
        if (task == NULL &&
            (atomic_load(&sched.searching, RELAXED) > 1 || atomic_load(&sched.awake, RELAXED) <= 1))
            break;
        /* Each look takes the victims' cache lines away from them: so not too often. */
        for (unsigned i = 0; task == NULL && i < pauses_between_rounds; i++)
            arch_pause();
    }
    return task != NULL ? task : steal(worker, true);
}

/* The next task for the calling runner; sleeps until there is one. NULL: the worker must retire. */
static struct keel_task *find_work(struct sched_worker *worker)
{
    for (;;) {
        sched_timers_run();
        struct keel_task *task = pick_local(worker);
        if (task == NULL) {
            sched_search_begin(worker);
            task = search(worker);
        }
        if (task == NULL) {
            if (unlikely(sched_worker_must_retire(worker)))
                return NULL;
            sched_idle_sleep(worker);
        } else if (task->context == NULL && !sched_may_begin(worker)) {
            sched_starve(task);
        } else {
            sched_search_end(worker);
            if (sched_timers_uncovered())
                sched_wake_one(false);
            if (unlikely(sched_anyone_starved()))
                serve_starved(worker);
            return task;
        }
    }
}

/* ---- switching */

static void after_switch(void)
{
    struct sched_worker *worker = sched_worker();
    sched_step *step = worker->step;
    if (step != NULL) {
        worker->step = NULL;
        step(worker->step_task, worker->step_data);
    }
    /* Here, because tasks that switch to each other directly never come by a runner. */
    sched_timers_run();
}

static void set_running(struct keel_task *task)
{
    thread_block()->task = &task->identity;
    atomic_store(&task->state, SCHED_TASK_RUNNING, RELAXED); /* RELAXED: for reports */
}

/* The task has ended: whoever waits for it is woken, or whoever will wait finds the result. */
static void finish(struct keel_task *task, void *result)
{
    thread_block()->task = NULL;
    task->arg = result;
    task->stack = NULL;
    /*
     * ACQ_REL: RELEASE publishes the result to the ACQUIRE in keel_task_await; ACQUIRE takes over
     * the waiter from the RELEASE there. After it the descriptor may be gone, unless it is ours to
     * recycle.
     */
    uintptr_t join = atomic_exchange(&task->join, SCHED_JOIN_DONE, ACQ_REL);
    if (join == SCHED_JOIN_DETACHED)
        sched_task_recycle(task);
    else if (join != SCHED_JOIN_NONE)
        sched_ready((struct keel_task *)join);
}

static void run_fresh(struct keel_task *task, struct mem_stack *stack)
{
    task->stack = stack;
    set_running(task);
    void *result = NULL;
    if (task->returns_nothing)
        task->fn.call_detached(task->arg);
    else
        result = task->fn.call(task->arg);
    finish(task, result);
}

_Noreturn void sched_runner(void *own_stack)
{
    struct mem_stack *stack = own_stack;
    after_switch();
    for (;;) {
        /* Read anew each time: the task before may have moved this stack to another thread. */
        struct sched_worker *worker = sched_worker();
        struct keel_task *task = worker->handed;
        worker->handed = NULL;
        if (task == NULL || !sched_may_begin(worker)) {
            if (task != NULL)
                sched_starve(task);
            task = find_work(worker);
            if (unlikely(task == NULL))
                sched_worker_retire(worker, stack);
        }
        if (task->context == NULL) {
            run_fresh(task, stack);
            continue;
        }
        worker->step = step_release_stack;
        worker->step_data = stack;
        set_running(task);
        void *abandoned;
        arch_context_switch(&abandoned, task->context);
    }
}

void sched_park(enum sched_wait_reason reason, const void *object, sched_step *step, void *data)
{
    struct sched_worker *worker = sched_worker();
    struct keel_task *self = sched_self();
    debug_assert(worker->step == NULL);
    self->wait_object = object;
    /* RELAXED: for reports. */
    atomic_store(&self->wait_reason, (uint8_t)reason, RELAXED);
    atomic_store(&self->state, SCHED_TASK_PARKED, RELAXED);
    worker->step = step;
    worker->step_task = self;
    worker->step_data = data;
    struct keel_task *next = pick_local(worker);
    if (next != NULL && next->context != NULL) {
        set_running(next);
        arch_context_switch(&self->context, next->context);
    } else {
        struct mem_stack *stack = take_spare(worker);
        thread_block()->task = NULL;
        worker->handed = next;
        arch_context_start(&self->context, mem_stack_top(stack), sched_runner, stack);
    }
    after_switch();
}

void sched_step_unlock(struct keel_task *task, void *data)
{
    (void)task;
    lock_release(data);
}

void sched_step_none(struct keel_task *task, void *data)
{
    (void)task;
    (void)data;
}

static void push_ready(struct sched_worker *worker, struct keel_task *task)
{
    if (!ring_push(&worker->ready, task))
        sched_global_push(task);
}

void sched_ready(struct keel_task *task)
{
    push_ready(sched_worker(), task);
    sched_wake_one(false);
}

void sched_start(struct keel_task *task)
{
    if (!deque_push(&sched_worker()->fresh, task))
        sched_global_push(task);
    sched_wake_one(true);
}

static void step_yield(struct keel_task *task, void *data)
{
    (void)data;
    sched_ready(task);
}

void keel_yield(void)
{
    struct sched_worker *worker = sched_worker();
    sched_timers_run();
    /* Other workers' queues are theirs to serve; now and then we look, in case they are long at
     * work. */
    bool wanted = !ring_looks_empty(&worker->ready) || !deque_looks_empty(&worker->fresh) ||
                  atomic_load(&sched.global_count, RELAXED) != 0; /* RELAXED: a hint */
    struct keel_task *other = NULL;
    if (sched_anyone_starved() && sched_have_spare(worker))
        other = sched_starved_pop();
    else if (!wanted && ++worker->pick_count % picks_between_oldest == 0)
        other = steal(worker, true);
    if (other != NULL) {
        push_ready(worker, other);
        wanted = true;
    }
    if (!wanted)
        return;
    sched_before_park();
    sched_park(SCHED_WAIT_YIELD, NULL, step_yield, NULL);
}
