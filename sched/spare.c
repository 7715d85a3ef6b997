/*
 * A worker's spare stacks: what it takes when a task parks and nothing that was parked can go on.
 * Invariant 1 of sched.h lives here.
 *
 * Tasks that may not begin for want of a stack are *starved*, in a queue for each size: one that
 * wants a gigabyte must not keep others waiting. The goal: while a stack is to be had, none of them
 * waits for ever; and while none is, they cost next to nothing, because to ask the kernel in vain
 * takes two calls, and empties the pools.
 *
 * `starved_hope` says that it is worth a try. It is set
 *     1. by who lets a task starve, when that is in its queue;
 *     2. by who gives a stack to the pool while there are starved ones, or takes one of them out
 *        with success: there may be more;
 * and cleared before a try, so that what comes back meanwhile is not forgotten. Whoever sets it
 * wakes a sleeper then, as for any other work (idle.c, steps 1 to 3), and whoever goes to sleep
 * looks at it once more (step d). So: who gave a stack just before the task was in its queue, and
 * saw no starved one, is seen by the try that follows 1. Whoever else has a stack to spare while
 * there are starved ones, in its cache, gives it away when it comes by: when it picks, when its
 * task yields, when a stack comes back to it.
 *
 * What comes back without our knowing, because the program unmaps something, is found by tries
 * without hope: whenever the oldest's turn is theirs (pick.c), and by the last who goes to sleep,
 * before the verdict that nothing can go on. All others have given their spares away then, and
 * stand on one stack of the default size each; the one who tries gives back what it got in vain.
 */
#include "base/deep.h"
#include "base/panic.h"
#include "sched/fork_hooks.h"
#include "sched/unusual.h"

/* A worker's cache: 16 of the default size. What is more goes to the pool that all share. */
enum { bytes_kept = 4 * 1024 * 1024 };

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

bool sched_may_begin(struct sched_worker *worker, const struct keel_task *task)
{
    if (worker->stacks != NULL || worker->stack_promise != 0)
        return true;
    /* The runner gives up a stack for it, which will be the spare (create.c); or it needs none
     * (packed.c). */
    if (sched_stack_number(task) != 0)
        return true;
    worker->stack_promise = mem_stack_promise();
    return worker->stack_promise != 0 || sched_have_spare(worker);
}

bool sched_can_park(void)
{
    return sched_have_spare(sched_worker());
}

static void fill_no_memory(struct line *line, const void *data)
{
    (void)data;
    line_text(line, "no memory for a task stack");
    mem_stack_line(line);
}

bool sched_is_prepared_without(void)
{
    return sched_is_packed(sched_self()) && !sched_forks_pending(sched_worker());
}

static void get_spare(void *where)
{
    sched_settle_forks();
    if (unlikely(!sched_is_packed(sched_self()) && !sched_can_park()))
        panic_with_at(fill_no_memory, NULL, where);
}

void sched_get_spare(void)
{
    deep_hook_call(get_spare, __builtin_return_address(0));
}

struct mem_stack *sched_take_spare(struct sched_worker *worker)
{
    struct mem_stack *stack = worker->stacks;
    debug_assert(stack != NULL);
    worker->stacks = stack->next;
    worker->stack_count--;
    return stack;
}

/* ---- starved tasks */

static void set_hope(bool hope)
{
    /* RELAXED: whoever sets it wakes somebody then, behind a fence. */
    atomic_store(&sched.starved_hope, hope, RELAXED);
}

/* Steps 1 and 2. */
__attribute__((noinline)) void sched_starved_hope(void)
{
    set_hope(true);
    sched_wake_one(false);
}

void sched_starve(struct keel_task *task, unsigned number)
{
    sched_starved_push(task, number);
    sched_starved_hope();
}

void sched_give_stack(struct mem_stack *stack)
{
    mem_stack_release(stack);
    if (unlikely(sched_anyone_starved()))
        sched_starved_hope();
}

static __attribute__((noinline)) void give_all_but(struct sched_worker *worker, unsigned kept)
{
    while (worker->stack_count > kept)
        sched_give_stack(sched_take_spare(worker));
}

__attribute__((weak)) struct keel_task *sched_hook_take_starved(void)
{
    return NULL;
}

/* In vain, if another was faster: what was got for it goes back, because who sleeps has none. */
static struct keel_task *take_starved_default(struct sched_worker *worker)
{
    bool had_one = worker->stacks != NULL;
    if (!sched_starved_wait(0) || !sched_have_spare(worker))
        return NULL;
    struct keel_task *task = sched_starved_pop(0);
    if (task == NULL && !had_one)
        mem_stack_release(sched_take_spare(worker));
    return task;
}

/* Those that want the default size and the others in turn: neither waits behind a steady flow. */
static struct keel_task *take_starved(struct sched_worker *worker)
{
    static bool default_first; /* atomic, a hint: RELAXED */
    bool is_default = atomic_load(&default_first, RELAXED);
    for (int i = 0; i < 2; i++, is_default = !is_default) {
        struct keel_task *task =
            is_default ? take_starved_default(worker) : sched_hook_take_starved();
        if (task != NULL) {
            atomic_store(&default_first, !is_default, RELAXED);
            return task;
        }
    }
    return NULL;
}

struct keel_task *sched_take_starved(struct sched_worker *worker, bool insists)
{
    if (likely(!sched_anyone_starved()) || !(insists || sched_starved_have_hope()))
        return NULL;
    give_all_but(worker, 1);
    set_hope(false);
    struct keel_task *task = take_starved(worker);
    if (task != NULL)
        set_hope(true); /* and who begins it wakes the next (sched_find_work) */
    return task;
}

void sched_serve_starved(struct sched_worker *worker)
{
    give_all_but(worker, 1);
    if (sched_starved_have_hope())
        sched_wake_one(false);
}

/* ---- giving */

/*
 * What tasks have used deeply is given back when a worker has nothing to do; but it may always have
 * something. So once in so many times that a stack comes into its cache, all of that goes to the
 * pool, and the pools are trimmed: all but the newest, which is in use next. (To look at each stack
 * whether it was used deeply costs the kernel 0.2 us each time, more than all else that is done for
 * the end of a task; to write a mark into it, a page.)
 */
enum { releases_to_trim = 16 * 1024 };

static __attribute__((noinline)) void trim_cache(struct sched_worker *worker)
{
    struct mem_stack *newest = sched_take_spare(worker);
    give_all_but(worker, 0);
    newest->next = NULL;
    worker->stacks = newest;
    worker->stack_count = 1;
    mem_stack_trim_all(NULL);
}

/* The deferred step of a runner that gave up its stack, which is `data`. */
void sched_step_release_stack(struct keel_task *task, void *data)
{
    (void)task;
    struct sched_worker *worker = sched_worker();
    struct mem_stack *stack = data;
    if (stack->size == &mem_stack_default &&
        worker->stack_count * mem_stack_slot_of(stack->size) < bytes_kept) {
        stack->next = worker->stacks;
        worker->stacks = stack;
        worker->stack_count++;
        if (unlikely(++worker->releases % releases_to_trim == 0))
            trim_cache(worker);
    } else {
        sched_give_stack(stack);
    }
    if (unlikely(sched_anyone_starved()))
        sched_serve_starved(worker);
}

void sched_share_stacks(struct sched_worker *worker)
{
    give_all_but(worker, 0);
    if (worker->stack_promise == 0)
        return;
    mem_stack_promise_return(worker->stack_promise);
    worker->stack_promise = 0;
    if (unlikely(sched_anyone_starved()))
        sched_starved_hope();
}
