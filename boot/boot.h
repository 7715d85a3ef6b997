/*
 * boot/: from _start's C half to main, and from main's return to the end of the process.
 *
 *   start.c   what happens before main, in order
 *   tls.c     thread-local storage: where a thread's block and variables lie
 *   exit.c    exit functions, and the one way out
 *   environment.c  what a program asks about its process
 *
 * Up only by a weak hook: this room must not name what stands above it. A hook's default is empty;
 * the strong one sits in an object that the feature's own calls pull in, so what a program does not
 * use is not in its image.
 *
 * What may not enter: headers of the rooms above; system calls before their need.
 */
#ifndef KEEL_BOOT_H
#define KEEL_BOOT_H

#include "base/base.h"
#include "base/thread_block.h"

/* Called by _start on the initial stack. */
_Noreturn void boot_start(void *initial_stack_pointer);

/*
 * Called once, before constructors and main, with the thread pointer set. sched/ makes the main
 * thread a worker here and installs the fault handlers.
 */
void boot_hook_start(void);

/*
 * Called by who wants to exit while another is running the exit functions; does not return.
 * Default: waits for ever (there is one thread, so it is never reached); sched/ parks the task.
 */
_Noreturn void boot_hook_exit_wait(void);

/* Bytes to reserve for a thread's variables and block, when the reservation is 64-byte aligned. */
size_t boot_tls_size(void);

/*
 * Lays out a thread's variables and block in `memory` (boot_tls_size() bytes, 64-byte aligned),
 * copies their initial values and the canary, and returns the block: the thread pointer to be.
 */
struct thread_block *boot_tls_make(void *memory);

#endif
