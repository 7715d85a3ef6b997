/*
 * The floating-point control registers of tasks (KEEL_TASK_FP_CONTROL in keel/task.h states the
 * rule for programs).
 *
 * The goal: a task that asks for it has control registers of its own, and all others pay nothing
 * for that: to read and to write them costs as much as the rest of a switch.
 *
 * Rejected: saving them at every switch; noting at every arrival what the thread has, to give it
 * back later (a read more, and each worker would have to be right from its start all the same).
 *
 * There is one *program's control*: what stands when the process makes its first task, while it has
 * one thread. Invariant: between tasks, and at every switch, a worker's registers hold it.
 *     1. sched_float_control_note keeps it, when the first task is made: before the first spawn
 *        makes a worker.
 *     2. A new thread sets it (a clone would inherit what its maker happens to have).
 *     3. A task without the flag leaves it as it found it, at each park and at its end.
 *     4. A task with the flag begins with it. At each park and at its end it sets it again, before
 *        the switch, and after the park its own, which lay on its stack.
 * So by the invariant step 4 needs no look at what it finds, and nobody else a look at anything.
 */
#ifndef KEEL_SCHED_FLOAT_CONTROL_H
#define KEEL_SCHED_FLOAT_CONTROL_H

#include "sched/sched.h"

#ifdef KEEL_DEBUG
enum { sched_float_control_checked = 1 };
#else
enum { sched_float_control_checked = 0 };
#endif

/* Written once, before there is a second thread. */
struct sched_float_control {
    uint64_t program; /* without exception flags */
    bool is_noted;
};
extern struct sched_float_control sched_float_control;

/* Keeps what the calling thread, the only one yet, has as the program's; later calls do nothing. */
void sched_float_control_note(void);

/* Sets the program's: a thread begins, or a task with the flag. */
void sched_float_control_begin(void);

/* For a task with the flag: sets the program's, and returns its own; sets its own again. */
uint64_t sched_float_control_leave(void);
void sched_float_control_return(uint64_t own);

/*
 * Panics unless a task without the flag has left the registers as it found them. `what` it does, in
 * one word; `where` it does it in the program, or the function that did.
 */
void sched_float_control_check(const struct keel_task *task, const char *what, const void *where);

#endif
