/*
 * A kernel thread, apart from the worker that it runs. Most workers are run by one thread all their
 * lives. But a thread may be kept by a blocking call, and its worker be lent on (blocking.c); so
 * what belongs to the thread lies here: the word on which it sleeps, and which worker it is to run
 * next.
 *
 * Invariants
 *   worker->thread and worker->block are those of the thread that runs the worker, or that sleeps
 *   for it; both change under idle_lock, by who has the worker in his hands;
 *   a thread with is_spare has no worker, or one that is on its way to it (`given`).
 */
#ifndef KEEL_SCHED_THREAD_H
#define KEEL_SCHED_THREAD_H

#include <linux/sched.h>

#include "base/atomic.h"
#include "base/base.h"

struct keel_task;
struct mem_stack;
struct sched_worker;
struct thread_block;

struct sched_thread {
    uint32_t wake_word; /* atomic, a futex: 0 asleep, 1 woken */
    bool sleeps;        /* atomic: it waits on the word, and somebody else may run its worker */
    bool is_spare;      /* guarded by idle_lock, but for the thread's own end of it */
    struct thread_block *block;
    struct sched_thread *next;  /* in the list of spare threads */
    struct sched_worker *given; /* published by wake_word */

    /* Of the blocking call of the task that it runs. */
    struct sched_worker *worker; /* which it had when the call began; perhaps others run it now */
    struct keel_task *task;
    struct keel_task *chain; /* the task's unjoined children (fork.h) */
    uint64_t call;           /* worker->call meanwhile; 0: the worker is held */
    uint32_t depth;          /* calls within each other */
    struct mem_stack *stack; /* on which it waits without a task, or spare (step f) */

    struct mem_stack *runner; /* that waits while its task runs on a packed stack (packed.c) */
};

/* What threads of ours share with each other: the flags of clone. */
enum {
    sched_thread_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                         CLONE_SYSVSEM | CLONE_SETTLS,
};

/* Makes one, which begins in entry(arg) on the stack. Returns its number, or an error. */
long sched_thread_clone(struct mem_stack *stack, struct thread_block *block,
                        void (*entry)(void *arg), void *arg);

/*
 * Atomic: how many threads of ours there are that no worker began with and that foreign.c does not
 * list: side threads, spare ones, and the process's first when nothing runs on it any more.
 */
extern uint32_t sched_threads_besides;

/* The kernel's number of the calling thread. */
int32_t sched_thread_number(void);

/* Ties a worker to a thread, for good or until it is lent on. */
void sched_thread_bind(struct sched_thread *thread, struct sched_worker *worker);

static inline bool sched_thread_is_woken(const struct sched_thread *thread)
{
    /* ACQUIRE: with the RELEASE in sched_thread_wake. */
    return atomic_load(&thread->wake_word, ACQUIRE) != 0;
}

/*
 * Sleeps on a word, once, while it is `value`: until woken or until the deadline. May return early;
 * false: nobody has woken it.
 */
bool sched_word_sleep(const uint32_t *word, uint32_t value, int64_t deadline);

/* Wakes who sleeps on the word. A sleeper that is not woken sleeps for ever: better a panic. */
void sched_word_wake(const uint32_t *word);

/* The same, on the thread's own word. */
void sched_thread_sleep(struct sched_thread *thread, int64_t deadline);

/* Sets the word and wakes the thread. */
void sched_thread_wake(struct sched_thread *thread);

/* ---- the idle protocol (idle.c), as lending sees it */

/* Takes a worker off the list of sleepers. Caller holds idle_lock. */
void sched_idle_take(struct sched_worker *worker);

/*
 * Whether nobody is left who could make work, nor a deadline that will. Caller holds idle_lock:
 * then it stays so.
 */
bool sched_idle_is_over(void);

/* For who was outside, and has made what it owed findable; any thread. Wakes a sleeper for it. */
void sched_idle_come_back(void);

/*
 * To be called by who arrives on a stack after a switch: the deferred step of the task that was
 * left (run.c).
 */
void sched_after_switch(void);

/* ---- blocking.c; in programs without blocking calls the hooks do nothing, and are not called */

enum { sched_blocking_default = 512, sched_blocking_most = 4096 };

/* KEEL_BLOCKING_MAX; 0: not set. (worker.c has the options.) */
extern int64_t sched_option_blocking;

/*
 * For the thread whose worker was taken over while it slept: returns when it has another one.
 * Without blocking calls there is no such thread.
 */
void sched_hook_spare(struct sched_thread *thread);

/*
 * Step g: where the context of the thread's task is saved; thread->stack is on which the thread
 * goes on. Another for a task with a packed stack (packed.c).
 */
void **sched_hook_blocking_leave(struct sched_thread *thread);

/* A task ended, with a thread of its own: if that is so by a blocking call, a panic. */
void sched_hook_never_ended(void);

/*
 * The calling task, which is about to exit, is in a blocking call: ends it. The first one runs the
 * exit functions: that depends on nobody else.
 */
void sched_hook_blocking_exit(bool is_first);

#endif
