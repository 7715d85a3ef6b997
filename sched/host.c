/*
 * An unstarted child runs on the stack of the parent that awaits it: no stack, no switch, no wait.
 *
 * When. Only an await without a deadline does it (which is no cancellation point, whether it ran
 * the child or not); only for a child with default options, of a parent without
 * KEEL_TASK_FP_CONTROL, and without a thread of its own (foreign.h); and only while the stack still
 * has what a task is promised, and what a panic needs beyond. So 10,000 awaits within each other
 * take a new stack every 48 KiB, by parking.
 *
 * How. The child stands in some deque. If it is the newest or the oldest entry of this worker's, as
 * it is when many children are awaited in either order of their creation, it is taken out; without
 * thieves, from among the newest few too. Else it is claimed where it stands, by one
 * compare-and-swap on its `entry`; whoever takes that entry out later finds it stale
 * (sched_entry_taken). Exactly one of awaiter, owner and thieves changes `entry` away from QUEUED,
 * or takes the entry out; so the child is begun once. (tests/model/host.pml explores it.)
 *
 * A child that is hosted is a pick of its worker (pick.c): so a task that does nothing but create
 * and await, and never parks, lets the others have their turn all the same, by parking once in a
 * while. And whoever claims a child where it stands drops the stale entries that have come to an
 * end of its own deque: such a task alone would leave more and more of them.
 *
 * What it is then. The child is itself in everything: thread_block()->task, id, name. The parent is
 * "hosting" it, and in no queue and no wait list: nobody can wake it. If the child parks, the whole
 * stack parks, and goes on, perhaps on another worker, when the child is woken; its return is the
 * parent's. Nobody else can wait for the child's end: the handle is the awaiter's. So the end is a
 * return, and its `join` word is not used.
 */
#include <linux/resource.h>

#include "base/panic.h"
#include "base/process.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"
#include "sched/owner.h"
#include "sched/stuck.h"
#include "sched/unusual.h"

enum { own_use = 512 }; /* this room's stack, before the child's function begins */

/* ---- room on the stack */

/*
 * The lowest byte that tasks on main's stack may count on. However high its limit, the kernel keeps
 * only 128 MiB below it free of other mappings (mmap_base, Linux 2.6.25 on): so half of that at
 * most; and an emulator that is told of no limit gives its guest 8 MiB (qemu's linux-user). The
 * limit is read once; a program that lowers it later must not await deeper than that.
 */
static uintptr_t main_stack_low(void)
{
    enum { most = 64 * 1024 * 1024, most_without_limit = 8 * 1024 * 1024 };
    static uintptr_t known; /* who reads it runs on main's stack: one at a time */
    if (likely(known != 0))
        return known;
    struct sched_main_stack stack = sched_main_stack();
    uint64_t size = stack.limit < most ? stack.limit : most;
    if (stack.limit == RLIM_INFINITY)
        size = most_without_limit;
    known = stack.top - size;
    return known;
}

/* The program may also have gone over to a stack of its own, of which nothing is known. */
static bool has_room(const struct keel_task *self)
{
    const struct mem_stack *stack = self->stack;
    uintptr_t low = stack != NULL ? stack->low : main_stack_low();
    uintptr_t top = stack != NULL ? (uintptr_t)stack : (uintptr_t)process.arguments;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here >= low + mem_stack_promised() + mem_stack_runtime + own_use && here < top;
}

/* In a census each task is to be seen by itself. A shelved stack cannot be shared. */
static bool may_host(const struct keel_task *self)
{
    enum { not_hosts = SCHED_UNUSUAL_PARKS | SCHED_UNUSUAL_MEASURED };
    return (self->unusual & not_hosts) == 0 && has_room(self);
}

/* ---- claiming the child */

/* Whether the child is now the caller's to run. */
static bool claim_for_await(struct keel_task *task)
{
    struct deque *fresh = &sched_worker()->fresh;
    uint8_t entry = SCHED_ENTRY_QUEUED;
    if ((process_is_alone() && deque_take_recent_alone(fresh, task)) ||
        (deque_newest(fresh) == task && deque_take(fresh) != NULL) ||
        deque_take_oldest(fresh, task)) {
        /* RELAXED: nobody else knows the task any more. */
        atomic_store(&task->entry, SCHED_ENTRY_NONE, RELAXED);
        return true;
    }
    /* ACQUIRE: with the exchange in sched_entry_taken; the loser must not run it. */
    if (!atomic_compare_exchange_shared(&task->entry, &entry, SCHED_ENTRY_STALE, ACQUIRE, RELAXED))
        return false;
    sched_worker()->left_stale = true;
    return true;
}

/*
 * An entry at an end of our own deque, as it looks. A thief may take it meanwhile, and its task be
 * another's then: so it counts only for who takes the entry out after that.
 */
static bool is_stale(struct keel_task *task)
{
    /* RELAXED: whoever hosts it changes it, and does not change it back. */
    return task != NULL && atomic_load(&task->entry, RELAXED) >= SCHED_ENTRY_STALE;
}

static void drop(struct keel_task *task)
{
    bool unbegun = task != NULL && sched_entry_taken(task);
    debug_assert(!unbegun);
    (void)unbegun;
}

/*
 * Takes what was begun already from both ends of the deque. So a program that awaits its children
 * in another order than the opposite of their creation's does not pile up entries; and it is done
 * after each claim, until none can be left, because the next tasks are pushed upon what is there.
 */
static void drop_stale(struct sched_worker *worker)
{
    struct deque *fresh = &worker->fresh;
    struct keel_task *oldest;
    while (is_stale(deque_newest(fresh)))
        drop(deque_take(fresh));
    while (is_stale(oldest = deque_oldest(fresh)) && deque_take_oldest(fresh, oldest))
        drop(oldest);
    worker->left_stale = !deque_looks_empty(fresh);
}

/* The descriptor is recycled by who is second: we, or the finder of its stale entry. */
static void end_hosting(struct keel_task *task)
{
    sched_count_ended(&sched_worker()->counts);
    task->stack = NULL;
    /* ACQUIRE: with the exchange in sched_entry_taken. Once NONE, it stays so. */
    if (atomic_load(&task->entry, ACQUIRE) != SCHED_ENTRY_NONE &&
        /* ACQ_REL: with the exchange in sched_entry_taken. */
        atomic_exchange_shared(&task->entry, SCHED_ENTRY_ABANDONED, ACQ_REL) != SCHED_ENTRY_NONE)
        return;
    sched_task_recycle(task);
}

bool sched_host(struct keel_task *task, void **result)
{
    struct keel_task *self = sched_self();
    /* RELAXED: looked at again when it is claimed. */
    if (atomic_load(&task->entry, RELAXED) != SCHED_ENTRY_QUEUED || !may_host(self) ||
        !sched_pick_child(sched_worker(), task) || !claim_for_await(task))
        return false;
    if (unlikely(sched_worker()->left_stale))
        drop_stale(sched_worker());
    task->stack = self->stack;
    sched_note_wait(self, SCHED_TASK_HOSTING, SCHED_WAIT_HOSTED, task);
    sched_set_running(task);
    uint64_t unjoined = sched_forks_unjoined();
    const void *place = (const void *)(uintptr_t)task->fn.call; /* before a timer lies there */
    void *value = task->fn.call(task->arg);
    if (unlikely((task->unusual & SCHED_UNUSUAL_THREAD) != 0))
        sched_never_ended();
    sched_forks_check(unjoined);
    if (sched_float_control_checked)
        sched_float_control_check(task, "ended", place);
    /* Perhaps on another worker. */
    sched_set_running(self);
    if (result != NULL)
        *result = value;
    end_hosting(task);
    return true;
}
