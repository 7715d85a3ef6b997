/*
 * Calls that need more stack than a small one has. A task on a packed stack (sched/packed.c) has
 * some hundred bytes for what it calls of this library; what needs more, and is rare, runs on the
 * stack of the worker's runner, which waits meanwhile: deep_stack in the thread block says from
 * where on that may be used. NULL, as it is elsewhere: the stack that runs is large.
 */
#ifndef KEEL_BASE_DEEP_H
#define KEEL_BASE_DEEP_H

#include "base/base.h"

/*
 * Calls fn(arg), on another stack if the caller's is small. `fn` must not park, but for a task that
 * holds its thread: that one waits where it stands. Walks lead through it. Empty of all that
 * (base/panic.c) in programs that have no small stacks.
 */
void deep_hook_call(void (*fn)(void *), void *arg);

#endif
