/*
 * signal/: faults. Alternate stacks, handlers, and the report of a fault.
 *
 * The handlers for SIGSEGV, SIGBUS, SIGFPE and SIGILL go in at the start of a program that links
 * the scheduler. The report is one line on standard error: signal, address and what it is, task,
 * place. Then the process dies by that signal.
 *
 * It asks "whose address is this?" through address_owner in the thread block, which the rooms above
 * fill in, and decides by si_addr alone: emulators set neither the trap number nor the error code.
 *
 * What may not enter: locks, allocation, anything that parks; headers of the rooms above.
 */
#ifndef KEEL_SIGNAL_H
#define KEEL_SIGNAL_H

#include "base/base.h"

/* Bytes that a thread's alternate stack needs. */
size_t signal_stack_size(void);

/* Installs the handlers and the calling (main) thread's alternate stack. */
void signal_start(void);

/* Gives the calling thread an alternate stack; its memory stays the thread's. */
void signal_thread_start(void *stack, size_t size);

#endif
