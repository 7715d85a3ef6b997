/*
 * keel/task.h: tasks, time, the environment, and the end of the process.
 *
 * A task is a function and its argument. It costs a small descriptor until it first runs; it gets a
 * stack when it first runs and gives it back when it ends. Tasks run on workers, kernel threads
 * that come at need, at most one per CPU that the process may use (KEEL_WORKERS=n overrides). There
 * is no preemption: a task runs until it ends, parks, yields or sleeps. `main` is a task too, on
 * the process's own stack. A task may use 128 KiB of its stack, if it asks for nothing else
 * (keel_task_options), and below lies a guard of 64 KiB: code whose frames are larger than that
 * must be compiled with stack probes (-fstack-clash-protection, "probe-stack" in LLVM IR), or a
 * frame may jump over it.
 *
 * Unless a line says otherwise a function may be called from a task, may be called before `main`
 * (from a constructor), may not be called from a signal handler, and does not park. Sizes are
 * bytes; times are nanoseconds on CLOCK_MONOTONIC; errors are negative errno values.
 *
 * Thread-local variables (_Thread_local) belong to a worker. A task may wake on another worker
 * after any call that may park, so neither the value nor the address of such a variable may be kept
 * across such a call; compilers keep addresses, so use them only in functions that do not park.
 */
#ifndef KEEL_TASK_H
#define KEEL_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keel/machine/yield.h"

#ifdef __cplusplus
extern "C" {
#define KEEL_NORETURN [[noreturn]]
#else
#define KEEL_NORETURN _Noreturn
#endif

/* A deadline that never comes; a wait without end. */
#define KEEL_FOREVER INT64_MAX

/* A handle to a task. keel_task_await and keel_task_detach consume it. */
typedef struct keel_task keel_task;

/*
 * A flag of keel_task_options: the task has floating-point control registers of its own (x86-64:
 * MXCSR and the x87 control word: rounding, exception masks, precision, flushing of denormals).
 *
 * What stands when the program spawns its first task is the *program's control*: constructors and
 * main may set it before, for all tasks on all workers. From then on
 * - a task without the flag, main too, may change it for a while, but must have set it back
 *   whenever it calls what may park, and when it ends. Else it is undefined with what other tasks
 *   go on; libkeel-debug.a panics where the task parks or ends.
 * - a task with the flag begins with the program's control, and may change its own at any time. It
 *   keeps it across parks, on whichever worker it goes on, and nobody else gets it: not the tasks
 *   that run meanwhile, nor those that it spawns, which begin with the program's control, with the
 *   flag or without.
 *
 * Exception flags: those of MXCSR are cleared when a task with the flag begins, and then kept with
 * the rest; the x87's status word is any call's to change, so also a park's. An x87 exception that
 * the task does not mask is raised when it parks or ends, at the latest. A park costs such a task
 * some tens of nanoseconds more, and other tasks nothing.
 */
#define KEEL_TASK_FP_CONTROL UINT32_C(1)

/*
 * A flag of keel_task_options: while the task waits for long its stack may be *shelved*. Its used
 * bytes, some hundred as a rule, move to a block of their size, and come back to the same addresses
 * before it goes on; the memory of the stack is the kernel's meanwhile. So a million waiting tasks
 * take some 650 bytes each in place of 4,800. For the task nothing changes but the time: to go on
 * costs some microseconds more.
 *
 * Only for a task that shares nothing of its stack: while it waits, nobody else, no other task and
 * not the kernel, may read or write what lies there. So a local variable of it is no place for a
 * wait group, for an argument of a task that it creates, for a name, or for a buffer that others
 * fill; nor for the only pointer to what a collector is to find. What it passes to this library for
 * the time of a call may lie there: an element to be sent or received, what its forked children
 * work on until they are joined.
 *
 * Few tasks never pay for it: 1,024 of a program's keep their stacks, those that ran last, nearly.
 * Of the others those are shelved, when such tasks begin and go on and when a worker has nothing to
 * do, that send to or receive from a channel, await a task or all others, wait for a wait group, or
 * sleep; but not while there are forked children to be joined, while the task holds its thread
 * (keel_thread_hold), when more than 16 KiB of its stack are in use or the channel's elements are
 * larger than that, nor when there is no memory for the block. A task that can get neither memory
 * nor a mapping when it is to go on ends the program with a panic; and a program that locks its
 * memory (mlockall) should not ask for it. keel_task_await never calls such a task on the caller's
 * stack, nor another on its. With KEEL_STACKS=1 no task is shelved. Where the kernel gives stacks a
 * mapping each (before Linux 6.13) only what lies deeper than a page goes. It is not to be had
 * together with a stack_size of 4 KiB or less, from which there is nothing to gain: no task is
 * created then.
 */
#define KEEL_TASK_SHELVED UINT32_C(2)

/*
 * stack_size is how many bytes of its stack the task's function and all that it calls may use,
 * calls of this library among them: 1 KiB to 1 GiB; 0: the default, which is 128 KiB, or what the
 * environment's KEEL_STACK_SIZE says. It is rounded up to a power of two. A task whose size is not
 * the default's has a stack of its own from its begin to its end, so keel_task_await never calls it
 * on the caller's. But its forked children (keel/fork.h) that nobody steals are called by its
 * joins, on its stack: their use counts too.
 *
 * More than 4 KiB: below every stack lies a guard of 64 KiB: who uses more than there is ends the
 * process with a report. A stack is address space: memory is taken by page as it is touched, and
 * after the task's end what lay deep goes back to the kernel, at the latest when a worker sleeps;
 * but of 4 MiB of stacks that a worker keeps for itself only when that worker does.
 *
 * At most 4 KiB, 1, 2 or 4: a *packed* stack, for code whose compiler knows a bound. The size is
 * all that there is, stacks lie side by side, and of each KEEL_STACK_NEED bytes are this library's:
 * so the task's own functions have 384, 1,408 or 3,456 bytes from the first one's frame down to the
 * call of any function here. There is none that may not be called: what needs more (a trace, a new
 * worker, exit functions, which may park) runs on another stack, and a loop of keel_parallel_for in
 * another task (keel/fork.h). A further stack, of the default size, is the task's for as long as it
 * is in a blocking call, or holds its thread: then it is no smaller than others are. Memory goes
 * back to the kernel by the chunk, 64 KiB when they are few, up to 16 MiB when they are many, of
 * which no stack is in use any more; one chunk a size stays.
 * The caller's own to count are: a child of keel_fork, which its join calls on this stack as a
 * rule; the functions that it hands to keel_chan_release; handlers of signals without SA_ONSTACK
 * (128 bytes below and a signal frame of some KiB: they have no room here). There is no guard
 * between packed stacks. The word below a stack, and the word below that, are looked at whenever
 * the task parks, yields or ends, and how deep it stands then: who has used more is named by a
 * panic, with where it was spawned, its size and what to do. The stack's own highest word is looked
 * at then, too, and when the task goes on: who was written over is named, with the task that has
 * the stack above, if there is one: by all that is known, that one used more than it has. A frame
 * that jumps over these words without writing them, and has returned when the task parks, damages
 * another task, which nobody sees: where that may be, ask for more, or count by KEEL_STACKS=1.
 *
 * With KEEL_STACKS=1 in its environment a program that has tasks prints, when it ends by keel_exit
 * or main's return, how much of their stacks the tasks of each place used that spawned some: the
 * deepest of each place. Those bytes are what a stack_size must at least be. Each begin and end of
 * a task then asks the kernel about all of its stack, 256 KiB at a time; where the kernel does not
 * say, all of it is painted and takes memory: this is no way to run a program for long.
 */
typedef struct {
    size_t stack_size; /* bytes; see above */
    const char *name;  /* for reports; borrowed as long as the task lives; NULL: none */
    uint32_t flags;    /* KEEL_TASK_FP_CONTROL, KEEL_TASK_SHELVED; others are for later */
} keel_task_options;

/*
 * Of a packed stack so many bytes are this library's at most: what lies on top, the deepest of its
 * calls, and what tells whether more was used. So it is of libkeel-debug.a, too; but an assertion
 * that fails there may write over what lies below, as it ends the program.
 */
#define KEEL_STACK_NEED 640

/*
 * Starts a task that nobody awaits: fn(arg) will run on some worker, in no promised order.
 * Errors: -ENOMEM, no memory for the descriptor or its queue.
 * Ownership: `arg` belongs to the task from here on.
 */
int keel_spawn(void (*fn)(void *), void *arg);

/*
 * As keel_spawn, but returns a handle, which must be consumed once, by keel_task_await or
 * keel_task_detach. `options`: NULL for the defaults; copied.
 * Returns NULL when there is no memory, a flag is unknown, or stack_size is neither 0 nor within
 * its range, which with KEEL_TASK_SHELVED begins above 4 KiB. A task for which there is no memory
 * for a stack yet waits to begin until there is.
 */
keel_task *keel_task_create(void *(*fn)(void *), void *arg, const keel_task_options *options);

/*
 * Waits until the task has ended and stores what its function returned in *result (unless `result`
 * is NULL). Returns 0. Consumes the handle. May park.
 * Who awaits itself, or a task that waits for the caller's end, waits for ever (keel_stuck_tasks).
 * A task of keel_spawn, or one that was detached, has no handle: awaiting it panics while it runs,
 * so also when it awaits itself. Undefined: awaiting it later; awaiting a handle twice.
 */
int keel_task_await(keel_task *task, void **result);

/*
 * As keel_task_await, but waits no longer than until `deadline`. Errors: -ETIMEDOUT, the task had
 * not ended then: the handle is still the caller's, to be awaited again or detached, and *result is
 * untouched. A deadline that has passed yields once, unless the task has ended already;
 * KEEL_FOREVER waits as keel_task_await does. May park.
 */
int keel_task_await_until(keel_task *task, void **result, int64_t deadline);

/* Consumes the handle of a task that nobody will await. */
void keel_task_detach(keel_task *task);

/* The calling task's own handle: to compare, or for keel_task_set_name; never to be consumed. */
keel_task *keel_task_self(void);

/* The calling task's number, unique in the process; main's is 1. */
uint64_t keel_task_id(void);

/* The name that reports show for `task` (NULL: the caller). `name` is borrowed. */
void keel_task_set_name(keel_task *task, const char *name);

/* Lets other ready tasks run first. Parks when there are any. */
void keel_yield(void);

/* How the inline function is defined; the library says otherwise, for its symbol. */
#ifndef KEEL_SHOULD_YIELD_INLINE
#define KEEL_SHOULD_YIELD_INLINE static inline
#endif

/*
 * Whether the caller, a task that computes for long, should call keel_yield now: for back edges of
 * compiled loops. True within 10 ms of anything else wanting this worker, a ready task or a timer
 * that is due, on one worker too (if the kernel gives the monitor a CPU in time); false again after
 * keel_yield. It may be true for nothing, at a worker's first question among others: that costs a
 * yield, which then returns at once. One load; also a symbol of this name, for other languages than
 * C. Does not park.
 *
 * A program that asks, and has made a task, has a thread more, no worker, which looks every 5 ms
 * whether anything waits, as long as somebody asks; half a second later it is gone. Where it cannot
 * be made the answer is always true.
 */
KEEL_SHOULD_YIELD_INLINE bool keel_should_yield(void);

/* What is inlined: monitor.c in the library's source says why it is right. */
KEEL_SHOULD_YIELD_INLINE bool keel_should_yield(void)
{
    return keel_machine_must_not_go_on();
}

/*
 * Around a call that blocks the thread in the kernel (a read from a pipe, a wait for a child):
 * other tasks go on meanwhile on the caller's worker. keel_blocking_begin may park: at most
 * KEEL_BLOCKING_MAX tasks (512) are between the two at a time, and further ones wait until one of
 * them comes to its end, first come, first served. keel_blocking_end may park: a call that took
 * longer than about a millisecond may have lost its worker to others, and goes on on one that
 * sleeps, or, where all are busy, in its turn, perhaps on another thread. A shorter one costs some
 * tens of nanoseconds more than without.
 *
 * Between the two the task has no worker. It may call nothing that parks, wakes or starts a task,
 * or prints; what it may call: what may be called from a signal handler, the allocator
 * (keel/mem.h), keel_task_self, keel_task_id, keel_exit, keel_panic, and the two themselves, which
 * nest. All else is undefined (it faults, as a rule). What was forked and is not joined goes on as
 * a task. A keel_blocking_end too many is a panic, and so is a task's end without it.
 *
 * From a foreign thread, and from a task that holds its thread, the two do nothing: the thread is
 * its own, and no worker waits for it.
 *
 * A program is not deadlocked while a task is between the two. A further thread is made for each
 * call that lasts while others do; one that makes this so watches while there are calls. Where no
 * thread can be made the worker is held until the call is over. What others free meanwhile of the
 * memory that the thread has allocated is kept until then.
 *
 * keel_exit between the two comes to its exit functions even if all workers compute for ever.
 */
void keel_blocking_begin(void);
void keel_blocking_end(void);

/*
 * Parks for at least `ns` nanoseconds, or until `deadline`. A duration <= 0 and a deadline that has
 * passed yield once; KEEL_FOREVER never wakes, and counts as asleep when a deadlock is looked for.
 * Returns 0.
 */
int keel_sleep(int64_t ns);
int keel_sleep_until(int64_t deadline);

/* CLOCK_MONOTONIC, in nanoseconds. Also from a signal handler. */
int64_t keel_now(void);

/*
 * How many workers the process may have at most: KEEL_WORKERS, or else the CPUs of its affinity
 * mask, or those of its smallest CPU quota (control groups, rounded up) if they are fewer. The
 * number does not change while the process runs; the first call may read some files below /proc and
 * /sys.
 */
unsigned keel_worker_count(void);

/*
 * What a worker has done since it was made, and what it has to do. Counts of a worker are its own:
 * a task that one worker started may end on another.
 */
typedef struct {
    uint64_t spawned;      /* tasks that were started on it */
    uint64_t ended;        /* tasks that ended on it */
    uint64_t parks;        /* how often a task began to wait on it, by whatever call, but yields */
    uint64_t yields;       /* how often a task let others run first */
    uint64_t wakes;        /* tasks that it made go on after they had waited */
    uint64_t steals;       /* how often it took tasks, one or several, from another worker */
    uint64_t sleeps;       /* how often its thread slept, because there was nothing to do */
    uint64_t queued_fresh; /* now in its queue: tasks that have not begun, or that an await began */
    uint64_t queued_ready; /* now in its queue: tasks that can go on */
    uint64_t running;      /* nanoseconds: in tasks, and from one to the next */
    uint64_t searching;    /* nanoseconds: looking for a task in other workers' queues */
    uint64_t idle;         /* nanoseconds: asleep */
    uint64_t held_long; /* how often a task held it for over 10 ms; KEEL_WATCHDOG=1 counts that */
} keel_worker_stats;

/*
 * The caller sets `size` to sizeof(keel_sched_stats), so that a library that knows more fields, or
 * fewer, fills in those that the caller knows; and `workers` to an array of `worker_room` elements,
 * or to NULL.
 */
typedef struct {
    size_t size;
    keel_worker_stats *workers; /* the first worker_room workers, in the order in which they came */
    size_t worker_room;
    size_t worker_count;     /* how many workers there are, or have been: at most 1024 */
    uint64_t queued_shared;  /* now in the queues that all workers share */
    uint64_t reserved[3];    /* 0 */
    keel_worker_stats total; /* of all workers, those without room too */
} keel_sched_stats;

/*
 * Fills in what the scheduler has counted; see above. No lock, but one of foreign threads where
 * there are any, whose counts are in `total` alone; and nothing stops: each number is right for
 * some moment during the call, and exact when nothing else runs. In a program without this call no
 * time is measured; with it, from the start on, at the price of two clock readings for a search or
 * a sleep. Of all tasks but main there are spawned - ended; parks - wakes tasks wait. A `size` that
 * does not reach to `total` is a call that does nothing.
 */
void keel_sched_stats_read(keel_sched_stats *out);

/*
 * Foreign threads: threads that the program clones itself, or that keel_thread_start makes. They
 * are no workers: no task runs on them, and nothing that they do waits for a worker. Once attached,
 * a thread may make every call that a task may make, on the same channels, wait groups and handles;
 * where a task would park it sleeps in the kernel, and its id is its own. What differs: keel_fork
 * calls its child at once, keel_task_await never runs the child itself, keel_yield gives way to
 * other threads of the machine, keel_should_yield is false. An attached thread that does not wait
 * in a call counts as one that can wake others, so while there is one no deadlock is reported.
 * Reports name it "foreign thread n".
 */

/*
 * To be called by a task before the program clones its first thread itself: until then the runtime
 * spares locked instructions while it has one worker. Returns 0; further calls change nothing. From
 * here on, before a deadlock is reported, the kernel is asked (/proc/self/status) whether the
 * process has threads that are not attached: as long as there is one, or the kernel does not say,
 * none is reported; it is asked again, at last once a second. (Under an emulator: never, if there
 * was a second thread before the call.) Where there may be a second worker, the first call makes a
 * thread that makes workers for foreign threads: these have the signal mask, the affinity and all
 * else of the caller. Fixes the number of CPUs (keel_worker_count).
 */
int keel_threads_announce(void);

/*
 * Attaches the calling thread, which the program has cloned (with CLONE_VM, CLONE_FILES,
 * CLONE_SIGHAND and CLONE_THREAD), before its first other call: sets its thread pointer, so that it
 * has thread-local variables of its own, and its signal stack. Returns 0 or -ENOMEM; then nothing
 * has changed. A panic: when threads were not announced, when it is attached already, from a task.
 * Undefined: any other call from a thread that is not attached.
 */
int keel_thread_attach(void);

/*
 * For a thread that was attached, before it ends, or goes on without the runtime: gives back all
 * that it had; its thread pointer and signal stack are those from before the attach. Blocks that it
 * has allocated stay valid. A panic on a thread that is not attached, that keel_thread_start made,
 * and from a task. Undefined: to end without it.
 */
void keel_thread_detach(void);

/*
 * Makes a thread that is attached and calls fn(arg), and ends when that returns; its stack and all
 * else that it had is given back then, but blocks that it has allocated, which stay valid. Is
 * keel_threads_announce too. It has the program's floating-point control. `stack_size`: bytes that
 * may be used, at least 16 KiB; 0: as many as a task has. Below them is a guard of 64 KiB. Returns
 * 0, -ENOMEM, or -EAGAIN: the kernel makes no further thread. Ownership: `arg` is the thread's from
 * here on. Nobody awaits it: who wants to know when fn is done uses a wait group or channel.
 */
int keel_thread_start(void (*fn)(void *), void *arg, size_t stack_size);

/*
 * From keel_thread_hold until keel_thread_let the calling task stays on the kernel thread that it
 * runs on, wherever it waits, and no other task runs there: for what the kernel keeps for each
 * thread (setns, unshare, credentials, prctl). Nests. A foreign thread is its own anyway; but it
 * may hold itself too. None of it reaches a worker; what keel_thread_start makes there has it. What
 * the kernel allows in a process of one thread alone (setns and unshare of a user namespace) it
 * refuses here: a thread is held beside another. The worker whose thread it was goes on with a new
 * one, so each task that holds a thread costs one thread more, and takes nothing from the others.
 * What the task has changed of the thread it changes back before it lets; the thread then ends, or,
 * the process's first, waits for the end of the process. Meanwhile the calls are as from a foreign
 * thread (see above). Thread-local variables are others from each of the two calls on. Returns 0,
 * -ENOMEM, or -EAGAIN: the kernel makes no further thread; then the thread is not held. In a child
 * that fork made of the process, the calls that wait for others, let among them, find no worker.
 * keel_thread_let parks. A panic: to let what is not held; to return from the task's function while
 * it holds its thread (main may); for a task with a packed stack, to let, in the body of a loop of
 * keel_parallel_for, what it held before the loop.
 */
int keel_thread_hold(void);
void keel_thread_let(void);

/*
 * Ends the process with `status` & 0xff, whatever else runs. Exit functions run once, last
 * registered first; then destructors (.fini_array), last first; then what these have registered.
 * Returning from main is keel_exit.
 *
 * All of it runs in the caller, on its stack (of a packed task, on one of the default size). From a
 * task, also between keel_blocking_begin and keel_blocking_end; from a foreign thread that is
 * attached; before `main`; not from a signal handler. May park, if an exit function does. Tasks and
 * threads run on meanwhile, and stop where they are when the process ends: nobody waits for them
 * (keel_wait_all does), and nothing of theirs is cleaned up.
 *
 * The first call decides. Called again by an exit function or a destructor, it goes on with those
 * left, and the later status counts. Called meanwhile by another task or thread, it waits for the
 * end of the process, and that status is lost; so an exit function that waits for such a task waits
 * for ever. None of the rest runs when an exit function panics or faults, or when it waits and all
 * tasks are asleep: the process ends by that, as it does at other times.
 */
KEEL_NORETURN void keel_exit(int status);

/*
 * Registers an exit function; one that is registered twice runs twice. Errors: -ENOMEM. From where
 * keel_exit may be called; does not park. The function runs in who exits, and may do what that
 * may: a task's print, spawn, await, sleep, and register further ones, which then run next. What
 * another task registers while exit functions run already runs too, if the last has not ended.
 */
int keel_at_exit(void (*fn)(void));

/*
 * Waits until no other task is left, but those that wait in it too: then all of them go on. What
 * the others did is seen by the caller. Returns at once when there are none. Tasks that nobody has
 * awaited yet are waited for like others, and forked children that are not joined. From a task, an
 * exit function, a foreign thread that is attached, and before `main`; not between
 * keel_blocking_begin and keel_blocking_end, nor from a signal handler. May park.
 *
 * main is a task like any other: while it runs, or waits for something else, a task that calls this
 * waits too. A foreign thread is none: it may call this, and waits as a task would, but nobody
 * waits for its end; what it has spawned before is waited for. A task that has called keel_exit,
 * while another runs the exit functions, counts as ended, and so do those that wait for its end, or
 * for theirs. One that waits for the caller, and so cannot end before it, does not: that is a
 * deadlock, and reported as one. main and exit functions may wait so for all tasks before the
 * process ends.
 */
void keel_wait_all(void);

/*
 * Finds the tasks that nothing left can ever wake, while the others run on. Returns how many there
 * are, and stores the numbers (keel_task_id) of as many as `max` in `ids`, in no promised order.
 * `ids` may be NULL when `max` is 0.
 *
 * Found are: tasks that sleep until KEEL_FOREVER; tasks in keel_task_await or keel_join that wait
 * for themselves, for each other in a circle, for one that is stuck, or for one that has called
 * keel_exit while another runs the exit functions (which itself is not named); tasks in
 * keel_wait_all, when one of the others is stuck, or waits for them, and does not count as ended.
 * Not found, because they may still be woken: tasks that wait until a deadline, or for a channel, a
 * wait group or a lock, and who waits for those; and what runs, a task in a blocking call too.
 * Foreign threads are found as tasks are. A task that could go on is never named, whatever happens
 * during the call; what was stuck when it began is found, and stays stuck until the process ends.
 *
 * For a task that watches, now and then: it looks at every task, some nanoseconds each, and
 * nothing stops meanwhile. Takes memory for the length of the call, 64 to 128 bytes for each task
 * in such a wait; where there is none it returns SIZE_MAX, and stores nothing. Does not park.
 */
size_t keel_stuck_tasks(uint64_t *ids, size_t max);

/* The value of an environment variable, or NULL. Borrowed: lives as long as the process. */
const char *keel_environment(const char *name);

/* The program's arguments, NULL-terminated; their number in *count unless it is NULL. Borrowed. */
char **keel_arguments(int *count);

#ifdef __cplusplus
}
#endif

#endif
