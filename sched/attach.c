/*
 * Foreign threads come and go: keel_thread_attach, keel_thread_detach, keel_thread_start. foreign.c
 * says what they are.
 *
 * Attach. The calling thread may have any thread pointer: none, another runtime's, or, cloned
 * without CLONE_SETTLS, that of the thread that cloned it. So nothing is read by the thread block
 * before it is set; and a thread that is attached already is known by the kernel's number, a task's
 * by its signal stack, which no clone has; not by the block alone. The pointer and the signal stack
 * that it had it gets back when it detaches.
 *
 * Who has not been attached cannot be known as a rule: it looks like the thread whose pointer it
 * shares. What is known is said: an attach that was not announced, a second one, an attach by a
 * task (whose thread still has the signal stack that the runtime gave it), a detach by who is not
 * attached.
 *
 * Start. All that may fail is done by the caller: memory, the descriptor, the clone; so the new
 * thread is attached from its first instruction, and counted before it is cloned.
 *
 * The stack of a thread that ends. It cannot be unmapped by who stands on it in C, and the kernel's
 * word that a thread has gone (CLONE_CHILD_CLEARTID) needs somebody who looks at it: the stacks of
 * a thousand threads would lie there until the next is started. So the thread does it itself, in
 * two system calls between which no stack is touched (arch_thread_end), with all signals blocked.
 * In that mapping lies all that it had but its heap, whose blocks others may still use, and its
 * descriptor: both were given back before.
 */
#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "backtrace/probe.h"
#include "base/deep.h"
#include "base/panic.h"
#include "boot/boot.h"
#include "sched/float_control.h"
#include "sched/foreign_thread.h"
#include "sched/fork_hooks.h"
#include "signal/signal.h"

enum {
    stack_size_default = mem_stack_slot - mem_stack_guard - sizeof(struct mem_stack),
    stack_size_least = 16 * 1024,
};

/* ---- the calls that are known to be wrong */

/* For a thread without a block of ours: one that says "no task". */
static _Noreturn void panic_without_block(const char *what, const void *where)
{
    static struct thread_block block;
    block.self = &block;
    block.canary = boot_tls_canary();
    foreign_set_pointer(&block);
    panic_at(what, where);
}

/* Whether the calling thread's signal stack is that memory, whose lowest page is its guard. */
static bool has_signal_stack(const void *memory)
{
    struct abi_stack stack = {0};
    arch_syscall2(__NR_sigaltstack, 0, (long)&stack);
    return memory != NULL && stack.stack_pointer == (uintptr_t)memory + arch_page_size;
}

/*
 * Whether the block at that address is this very thread's, as far as the kernel tells, and not one
 * that it shares. A worker's thread is known by its signal stack, which a clone does not have.
 */
static bool is_own(uintptr_t pointer)
{
    struct probe probe = {0};
    const struct thread_block *block = (const struct thread_block *)pointer;
    uint64_t word;
    if (!probe_read(&probe, pointer, sizeof word, &word) ||
        !probe_read(&probe, (uintptr_t)(block + 1) - sizeof word, sizeof word, &word) ||
        !boot_tls_is_own(block))
        return false;
    return foreign_find(sched_thread_number()) != NULL || has_signal_stack(block->alternate_stack);
}

/* ---- attach and detach */

static struct keel_task *make_task(const void *site)
{
    struct keel_task *task = sched_task_prepare(site);
    if (task == NULL)
        return NULL;
    /* RELEASE: as in sched_task_init. RELAXED: for reports. */
    atomic_store(&task->identity.id, task->identity.id | foreign_identity, RELEASE);
    atomic_store(&task->state, SCHED_TASK_RUNNING, RELAXED);
    return task;
}

static void take_signal_stack(struct foreign_thread *thread)
{
    arch_syscall2(__NR_sigaltstack, 0, (long)&thread->alternate_before);
    signal_thread_start(thread->alternate, thread->alternate_size);
}

int keel_thread_attach(void)
{
    const void *site = __builtin_return_address(0);
    uintptr_t before = arch_thread_pointer_get();
    if (!foreign_is_expected())
        panic_without_block("keel_thread_attach before keel_threads_announce", site);
    if (is_own(before))
        panic_at("keel_thread_attach on a thread that is attached, or a task's", site);
    struct foreign_thread *thread = foreign_make(0);
    if (thread == NULL)
        return -ENOMEM;
    struct keel_task *task = NULL;
    if (foreign_set_pointer(thread->worker.block) && (task = make_task(site)) == NULL)
        foreign_set_pointer((void *)before);
    if (task == NULL) {
        foreign_unmake(thread);
        return -ENOMEM;
    }
    thread->kind = FOREIGN_ATTACHED;
    thread->number = sched_thread_number();
    thread->pointer_before = before;
    take_signal_stack(thread);
    foreign_enter(thread, task);
    return 0;
}

/* The thread goes on without what it had of the runtime; only its mapping is left. */
static void detach(struct foreign_thread *thread)
{
    struct keel_task *task = sched_self();
    foreign_leave(thread, task);
    task->stack = NULL;
    thread->worker.block->task = NULL;
    sched_task_recycle(task);
    foreign_give_back(thread);
    foreign_count_gone();
}

void keel_thread_detach(void)
{
    static const char not_attached[] =
        "keel_thread_detach on a thread that keel_thread_attach has not attached";
    const void *site = __builtin_return_address(0);
    struct foreign_thread *thread = foreign_find(sched_thread_number());
    if (thread != NULL && thread->kind == FOREIGN_ATTACHED) {
        detach(thread);
        arch_syscall2(__NR_sigaltstack, (long)&thread->alternate_before, 0);
        foreign_set_pointer((void *)thread->pointer_before);
        foreign_unmake(thread);
        return;
    }
    if (thread == NULL && !is_own(arch_thread_pointer_get()))
        panic_without_block(not_attached, site);
    panic_at(not_attached, site);
}

/* ---- start */

static _Noreturn void begin(void *arg)
{
    struct foreign_thread *thread = arg;
    uint64_t all = UINT64_MAX;
    /* RELAXED: our own (foreign_find). */
    atomic_store(&thread->number, sched_thread_number(), RELAXED);
    sched_float_control_begin();
    signal_thread_start(thread->alternate, thread->alternate_size);
    thread->fn(thread->arg);
    detach(thread);
    arch_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
    arch_thread_end(thread->memory, thread->size);
}

struct start {
    void (*fn)(void *);
    void *arg;
    size_t stack_size;
    const void *site;
    int result;
};

static int start(const struct start *wish)
{
    keel_threads_announce();
    struct foreign_thread *thread =
        foreign_make(wish->stack_size < stack_size_least ? stack_size_least : wish->stack_size);
    if (thread == NULL)
        return -ENOMEM;
    struct keel_task *task = make_task(wish->site);
    if (task == NULL) {
        foreign_unmake(thread);
        return -ENOMEM;
    }
    thread->kind = FOREIGN_STARTED;
    thread->fn = wish->fn;
    thread->arg = wish->arg;
    task->stack = thread->stack;
    foreign_enter(thread, task);
    sched_place_settle(sched_worker());
    if (sched_thread_clone(thread->stack, thread->worker.block, begin, thread) > 0)
        return 0;
    foreign_leave(thread, task);
    foreign_count_gone();
    task->stack = NULL;
    sched_task_recycle(task);
    foreign_unmake(thread);
    return -EAGAIN;
}

static void start_deep(void *data)
{
    struct start *wish = data;
    wish->result = start(wish);
}

int keel_thread_start(void (*fn)(void *), void *arg, size_t stack_size)
{
    struct start wish = {
        .fn = fn,
        .arg = arg,
        .stack_size = stack_size == 0 ? stack_size_default : stack_size,
        .site = __builtin_return_address(0),
    };
    deep_hook_call(start_deep, &wish);
    return wish.result;
}
