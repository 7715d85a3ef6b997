/*
 * signal/: faults. Alternate stacks, handlers, and the report of a fault.
 *
 *   handlers.c  handlers and alternate stacks are installed
 *   fault.c     the handler: the report in its parts, then the death by the signal
 *   report.c    the words of the report
 *
 * The handlers for SIGSEGV, SIGBUS, SIGFPE and SIGILL go in at the start of a program that links
 * the scheduler. The report on standard error names signal, address and what it is, task and place,
 * the registers, and the frames by name. Then the process dies by that signal.
 *
 * It asks "whose address is this?" through address_owner in the thread block, which the rooms above
 * fill in, and decides by si_addr alone: emulators set neither the trap number nor the error code.
 *
 * What may not enter: locks, allocation, anything that parks; headers of the rooms above.
 */
#ifndef KEEL_SIGNAL_H
#define KEEL_SIGNAL_H

#include "base/base.h"
#include "base/thread_block.h"

/* Bytes of memory that a thread's alternate stack needs, its guard included. */
size_t signal_stack_size(void);

/* Installs the handlers and the calling (main) thread's alternate stack. */
void signal_start(void);

/*
 * Gives the calling thread an alternate stack. Its memory, which begins at a page, stays the
 * thread's. The lowest page is its guard, from when a handler runs: a guard from the start would
 * cost every thread a system call and a mapping.
 */
void signal_thread_start(void *memory, size_t size);

/*
 * Puts the guard below the alternate stack of the thread with this block (NULL: it has none). For a
 * handler that runs on it.
 */
void signal_guard_stack(const struct thread_block *block);

/* The default action for all faults from here on. False when the kernel refuses. */
bool signal_restore_defaults(void);

#endif
