/*
 * keel/fork.h: fork and join, for compilers and parallel loops.
 *
 *     keel_fork_frame frame;
 *     keel_fork(&frame, child, arg);     child(arg) may run elsewhere from here on
 *     ...                                what the caller does meanwhile
 *     result = keel_join(&frame);        it has run, or it is called here
 *
 * A fork costs a few instructions, no memory, no stack and no switch: most children are simply
 * called, by the join. One that an idle worker took, or whose caller parked or yielded before the
 * join, is a task of its own; the join then awaits it.
 *
 * The rules. Each frame that was forked is joined once, by the same task, in the reverse order of
 * the forks, before the function that forked it returns. The child and, between fork and join, the
 * caller may do whatever tasks do: fork, park, wait for each other. Until the join, what `arg`
 * points to is the child's. A child has no handle; one that is called runs as the caller's task
 * (keel_task_self, keel_task_id, keel_task_set_name), on its stack; one that was taken has an
 * identity of its own, and reports show its function where they show who spawned others. A task
 * that ends with a frame that it has not joined ends the process with status 2; so does, where it
 * is noticed, a join in another order. When keel_exit is called or `main` returns, nothing more is
 * joined, and it is not an error.
 *
 * From a task, and before `main` (from a constructor); not from a signal handler.
 *
 * For LLVM IR and other languages each inline function is also a symbol of the same name: there a
 * frame is 24 bytes, aligned to 8, and need not be initialised.
 *     declare void @keel_fork(ptr, ptr, ptr)     declare ptr @keel_join(ptr)
 * Who emits what they inline calls, for the rest,
 *     declare { ptr, ptr } @keel_fork_slow(ptr, ptr)     declare ptr @keel_join_slow(ptr, ptr)
 * keel/machine/fork.h says where the two words are. tests/sched/compilers/fork.ll, in the library's
 * source, has both forms.
 */
#ifndef KEEL_FORK_H
#define KEEL_FORK_H

#include <stdint.h>

#include "keel/machine/fork.h"
#include "keel/task.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the inline functions are defined; the library says otherwise, for its symbols. */
#ifndef KEEL_FORK_INLINE
#define KEEL_FORK_INLINE static inline
#endif

/* A forked child. Made by keel_fork, ended by keel_join; what is inside is theirs. */
typedef struct {
    void *(*fn)(void *);
    void *arg;                   /* or the result of a child that was called at the fork */
    struct keel_fork_slot *next; /* behind the child's place in the worker's deque */
} keel_fork_frame;

/* Where a worker keeps a child until it is joined: what the inline functions write. */
struct keel_fork_slot {
    void *(*volatile fn)(void *);
    void *volatile arg;
    uintptr_t state; /* 0 in every slot that the inline functions see */
    void *reserved;
};

/* What keel_fork_slow returns: the frame's `arg` and `next`. */
struct keel_fork_start {
    void *arg;
    struct keel_fork_slot *next;
};

/*
 * The parts of keel_fork and keel_join that are not inlined: the worker's first fork, a full deque,
 * a request of an idle worker; a child that was shown to others. For the functions below alone.
 */
struct keel_fork_start keel_fork_slow(void *(*fn)(void *), void *arg);
void *keel_join_slow(struct keel_fork_slot *next, void *arg);

/*
 * Forks fn(arg). `frame` lies in the caller's own stack (or wherever it stays until the join).
 * Fails never: where there is no room (some thousand children are pending already) or no memory for
 * it, the child is called at once, and the frame keeps its result. So it may park if fn does. A
 * process's first fork may make a worker, as a spawn does.
 */
KEEL_FORK_INLINE void keel_fork(keel_fork_frame *frame, void *(*fn)(void *), void *arg);

/*
 * Waits until the child of `frame`, the last that the caller forked and has not joined, has run:
 * calls it, when nobody else does. Returns what it returned. May park.
 * Undefined: a frame that was not forked, or joined before.
 */
KEEL_FORK_INLINE void *keel_join(keel_fork_frame *frame);

/*
 * Calls fn for parts of begin, begin + 1, ... end - 1, which together are all of them, each once:
 * fn(first, behind the last, data). A part holds `grain` numbers (less than 1 counts as 1), the
 * last one what is left; parts run in no promised order, at the same time where workers are idle;
 * one that parks holds up no other. Returns when all have been called; does nothing when end <=
 * begin. end - begin may exceed INT64_MAX. May park. Ownership: `data` is shared by all calls.
 *
 * Called by a task with a packed stack (keel_task_options), fn runs in another task, with the
 * default options, which the caller awaits: its id differs, and so does its floating-point control
 * if the caller has its own; a panic, if there is no memory for that task. But while the caller
 * holds its thread, fn runs as the caller, there.
 */
void keel_parallel_for(int64_t begin, int64_t end, int64_t grain,
                       void (*fn)(int64_t begin, int64_t end, void *data), void *data);

/* Inlined; sched/fork.c, in the library's source, says why it is right. */
KEEL_FORK_INLINE void keel_fork(keel_fork_frame *frame, void *(*fn)(void *), void *arg)
{
    struct keel_fork_slot *slot = keel_machine_fork_head();
    frame->fn = fn;
    if (__builtin_expect(keel_machine_fork_limit_reached(slot), 0)) {
        struct keel_fork_start start = keel_fork_slow(fn, arg);
        frame->arg = start.arg;
        frame->next = start.next;
        return;
    }
    slot->fn = fn;
    slot->arg = arg;
    frame->arg = arg;
    frame->next = slot + 1;
    keel_machine_fork_head_set(slot + 1);
}

/* Inlined: the child is private and nobody has asked for others, or the rest is not for here. */
KEEL_FORK_INLINE void *keel_join(keel_fork_frame *frame)
{
    struct keel_fork_slot *slot = frame->next - 1;
    if (__builtin_expect(!keel_machine_fork_head_is(frame->next), 0) ||
        __builtin_expect(keel_machine_fork_limit_reached(slot), 0))
        return keel_join_slow(frame->next, frame->arg);
    keel_machine_fork_head_set(slot);
    return frame->fn(frame->arg);
}

#ifdef __cplusplus
}
#endif

#endif
