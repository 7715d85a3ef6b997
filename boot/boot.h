/*
 * boot/: from _start's C half to main, and from main's return to the end of the process.
 *
 *   start.c        what happens before main, in order
 *   relocate.c     an image that is linked to no fixed address
 *   tls.c          thread-local storage: where a thread's block and variables lie
 *   exit.c         destructors, and the one way out
 *   at_exit.c      exit functions
 *   arguments.c environment.c now.c   what a program asks; apart, so that it has what it asks alone
 *   stack_protector.c  what code compiled with it calls
 *
 * Up only by a weak hook: this room must not name what stands above it. A hook's default is empty;
 * the strong one sits in an object that the feature's own calls pull in, so what a program does not
 * use is not in its image.
 *
 * What may not enter: headers of the rooms above; system calls before their need.
 */
#ifndef KEEL_BOOT_H
#define KEEL_BOOT_H

#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/base.h"
#include "base/process.h"
#include "base/thread_block.h"

/*
 * Called by _start on the initial stack. An image with a fixed address has no dynamic section:
 * NULL; but it may have indirect functions (gcc's ifunc), in a list from `indirect` to
 * `indirect_end`. Any other has these in its dynamic section, and here two NULLs.
 */
_Noreturn void boot_start(void **initial_stack_pointer, const Elf64_Dyn *dynamic,
                          const Elf64_Rela *indirect, const Elf64_Rela *indirect_end);

/*
 * Applies the relocations of an image that is linked to no fixed address, and protects what was
 * relocated. To be called with the thread pointer set: some run code of the program.
 */
void boot_relocate(const Elf64_Dyn *dynamic);

/*
 * Called once, before constructors and main, with the thread pointer set. sched/ makes the main
 * thread a worker here and installs the fault handlers.
 */
void boot_hook_start(void);

/*
 * Called by keel_exit first: returns to the one that exits, and to who calls it again from its exit
 * functions; does not return to others. Default: returns, because there is one thread. sched/ keeps
 * the others waiting.
 */
void boot_hook_exit_begin(int status);

/* Runs the exit functions that have not run. Default: there are none. at_exit.c has the strong one.
 */
void boot_hook_exit_functions(void);

/*
 * Bytes to reserve for a thread's variables and block, when the reservation is 64-byte aligned. To
 * be called before the two below.
 */
size_t boot_tls_size(void);

/*
 * Lays out a thread's variables and block in `memory` (boot_tls_size() bytes, 64-byte aligned) and
 * returns the block: the thread pointer to be. All is zero but the block's own address and canary.
 */
struct thread_block *boot_tls_place(void *memory);

/* Gives the variables that end where the block begins their initial values. */
void boot_tls_fill(struct thread_block *block);

/* Both, for a thread other than the main one. */
struct thread_block *boot_tls_make(void *memory);

/*
 * The same random word in every thread: a task that moves must find the one that it saved. Its
 * lowest byte is 0, so that a string function that runs over it stops. (A kernel that gives no
 * random bytes may still have placed the stack at random.)
 */
static inline uint64_t boot_tls_canary(void)
{
    uint64_t random = process_auxiliary(AT_RANDOM, (uintptr_t)process.arguments);
    return *(const uint64_t *)random & ~(uint64_t)0xff;
}

/*
 * Whether `block` is one that boot_tls_place made, and not some other runtime's, which shares the
 * first word alone.
 */
bool boot_tls_is_own(const struct thread_block *block);

#endif
