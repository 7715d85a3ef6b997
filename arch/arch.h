/*
 * arch/: every line of machine code and every fact of the machine, behind one contract.
 *
 * This header is the contract. A port is a folder arch/<machine>/ that supplies, in the order in
 * which a porter should write them:
 *
 *   machine/syscall.h   arch_syscall0 ... arch_syscall6
 *   machine/cpu.h       arch_pause, arch_trap, arch_thread_block, arch_page_size, arch_cache_line,
 *                       ARCH_SIGNAL_HANDLER
 *   machine/registers.h struct arch_registers, what a walk over frames must know
 *   machine/vdso.h      what the kernel's vDSO calls its clock
 *   machine/entry.S     _start, keel_start
 *   machine/thread_pointer.S  arch_thread_pointer_set
 *   machine/context.S   arch_context_switch, arch_context_start
 *   machine/clone.S     arch_clone
 *   machine/signal.S    arch_signal_return, arch_signal_return_to
 *   machine/registers.S arch_registers_capture
 *
 * A C file of another room is replaced by the file of the same name in this folder (base/memcpy.c
 * by arch/x86_64/memcpy.S), so a port works before it is fast.
 *
 * What may not enter: any header of another room. Outside this folder nothing may hold inline
 * assembly or ask which machine it is compiled for.
 */
#ifndef KEEL_ARCH_H
#define KEEL_ARCH_H

#include <stddef.h>
#include <stdint.h>

#include "machine/cpu.h"
#include "machine/registers.h"
#include "machine/syscall.h"

/*
 * _start: where the kernel enters the process. Ends the walk of every unwinder (return address
 * undefined, frame pointer 0), aligns the stack and calls
 *     _Noreturn void boot_start(void *initial_stack_pointer)
 * Nothing before that call may need a relocation, the thread pointer or the stack protector.
 */

/*
 * Sets the calling thread's thread pointer to `block`. `instruction_allowed`: the kernel lets user
 * code write the thread pointer by an instruction (AT_HWCAP2 bit 1 on x86-64), which saves the
 * system call. Returns 0 or a negative errno.
 */
long arch_thread_pointer_set(void *block, int instruction_allowed);

/*
 * Leaves the caller's stack and continues one that an earlier switch left.
 *   *save     receives the stack pointer at which the caller can be continued
 *   target    a stack pointer that was saved so
 * Keeps what a call preserves. The floating-point control registers are not saved: tasks leave them
 * as they found them. Returns when somebody continues the caller, possibly on another thread, so no
 * address that depends on the thread may be kept across the call.
 * Pre-condition: nobody else continues `target`, and nobody continues *save before this switch has
 * left the stack; that is what the scheduler's deferred step is for.
 */
void arch_context_switch(void **save, void *target);

/*
 * As arch_context_switch, but continues on a fresh stack by calling entry(arg), which never
 * returns. `stack_top` is the first byte above the stack, 16-byte aligned.
 */
void arch_context_start(void **save, void *stack_top, void (*entry)(void *), void *arg);

/*
 * The raw clone system call with a function for the child. In the parent returns the child's
 * thread id or a negative errno. The child begins on `stack_top` (16-byte aligned) in entry(arg),
 * which never returns. `thread_pointer` is used with CLONE_SETTLS, `parent_id` with
 * CLONE_PARENT_SETTID, `child_id` with CLONE_CHILD_CLEARTID.
 */
long arch_clone(unsigned long flags, void *stack_top, int *parent_id, int *child_id,
                void *thread_pointer, void (*entry)(void *), void *arg);

/* What the kernel returns to after a signal handler (sa_restorer). Never called from C. */
void arch_signal_return(void);

/*
 * Goes back to what a signal interrupted, from anywhere: as if the handler that got `ucontext` had
 * returned. Pre-condition: that handler's stack has not been used by anyone else.
 */
_Noreturn void arch_signal_return_to(const void *ucontext);

/*
 * The registers of the caller as they are when this returns (those that a call may change: as they
 * were). The pc is the return address, so a walk from here begins in the caller.
 */
void arch_registers_capture(struct arch_registers *registers);

#endif
