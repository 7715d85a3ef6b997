/*
 * arch/: every line of machine code and every fact of the machine, behind one contract.
 *
 * This header is the contract, and all that a port has to read. A port is a folder arch/<machine>/;
 * a header that it does not have is taken from arch/generic/ (the order of -I), and a C file of
 * another room is replaced by the file of the same name in it (base/memcpy.c by
 * arch/x86_64/memcpy.S), so a port works before it is fast. In the order in which to write them:
 *
 *     file                            supplies                               held by tests/arch/
 *     machine/syscall.h               arch_syscall0 ... arch_syscall6        01_syscall
 *     machine/cpu.h                   arch_page_size, arch_cache_line,       02, 05, 06_cpu
 *                                     arch_pause, arch_trap,
 *                                     arch_thread_block, ARCH_SIGNAL_HANDLER,
 *                                     arch_thread_pointer_set,
 *                                     arch_thread_pointer_get,
 *                                     arch_copy_small, arch_zero_small,
 *                                     ARCH_WANTS_START
 *     entry.S                         _start, keel_start                      all
 *     machine/relocation.h            arch_relocation_relative,              tests/boot/linking.t
 *                                     arch_relocation_indirect
 *     context.tbl, context.S,         arch_context_switch,                   03_context
 *       machine/context.h             arch_context_start,
 *                                     struct machine_saved_context
 *     machine/float_control.h         arch_float_control_read,               08_float_control
 *                                     arch_float_control_write,
 *                                     arch_float_control_rules
 *     call_on.S                       arch_call_on                           10_call_on
 *     clone.S                         arch_clone                             04_clone
 *     thread_end.S                    arch_thread_end                        09_thread_end
 *     signal_context.tbl, signal.S,   struct abi_machine_context,            05_signal, tests/abi/
 *       machine/signal_context.h      machine_context_pc,
 *                                     machine_context_sp,
 *                                     machine_context_is_emulated,
 *                                     arch_signal_return, arch_signal_return_to
 *     registers.tbl, registers.S,     struct arch_registers,                 tests/backtrace/
 *       machine/registers.h           arch_registers_capture,
 *                                     arch_registers_from_signal,
 *                                     arch_frame_..., arch_register_...,
 *                                     arch_call_pushes, arch_frame_pushed,
 *                                     arch_makes_frame
 *     machine/vdso.h                  MACHINE_VDSO_CLOCK_GETTIME,            tests/base/vdso
 *                                     MACHINE_VDSO_VERSION
 *     keel/machine/yield.h            keel_machine_must_not_go_on            sched/should_yield
 *     keel/machine/fork.h             keel_machine_fork_...                  sched/fork
 *     (generic) machine/assembly.h    FUNCTION, END, NO_EXECUTABLE_STACK
 *
 * Then `make ARCH=<machine> run TEST=arch/01_syscall` and so on, in the order of the numbers: each
 * test needs what stands above it and nothing below. (That a test runs at all takes the first three
 * rows: a program begins at _start and sets its thread pointer.) What a compiler calls for the
 * machine's own types (on x86-64 between 128-bit integers and long double,
 * integer_convert_x87.c) lies in the folder too, under a name of its own.
 *
 * Every function here is an ordinary one of the machine's C ABI, unless its comment says otherwise;
 * none uses the stack below its stack pointer, allocates, or sets errno. Assembly carries unwind
 * information that holds at every instruction, and ends with NO_EXECUTABLE_STACK. What C and
 * assembly both know of a structure stands once, in a table (context.tbl,
 * signal_context.tbl, registers.tbl, base/thread_block.tbl), from which both make theirs.
 *
 * What may not enter: any header of another room. Outside this folder nothing may hold inline
 * assembly or ask which machine it is compiled for.
 */
#ifndef KEEL_ARCH_H
#define KEEL_ARCH_H

/*
 * For all that is declared from here on: what the library's objects name lies in the image that
 * they are linked into. So each name is reached relative to the program counter: by no slot of a
 * table that would have to be relocated first, and no load more.
 */
#pragma GCC visibility push(hidden)

#include <stddef.h>
#include <stdint.h>

#include "machine/cpu.h"
#include "machine/float_control.h"
#include "machine/registers.h"
#include "machine/syscall.h"

/*
 * machine/syscall.h
 *
 * long arch_syscall0(long number) ... arch_syscall6(long number, long a, ... long f)
 *     The bare system call, inlined. Returns what the kernel does: -4095 ... -1 is a negative
 *     errno. The compiler must take it that all memory may change. From everywhere, also before the
 *     thread pointer is set and in a signal handler.
 *
 * machine/cpu.h
 *
 * enum { arch_page_size, arch_cache_line }
 *     The page size of every kernel of the machine (AT_PAGESZ must say the same), and the size to
 *     which data of different threads is kept apart: powers of two.
 * void arch_pause(void)
 *     Tells the processor that this is a spin loop; the compiler must not move memory accesses over
 *     it. May do nothing.
 * _Noreturn void arch_trap(void)
 *     Ends the process by an instruction that no processor has, where even exit_group was refused.
 * void *arch_thread_block(void)
 *     What the thread pointer was set to: one load, no call. Read anew at each use: a task may wake
 *     on another thread, so the compiler must not keep it. Pre-condition: it is set.
 * long arch_thread_pointer_set(void *block, int instruction_allowed)
 *     Sets the calling thread's thread pointer to `block`, whose first word already holds its own
 *     address where the TLS ABI wants that (x86-64: %fs:0). `instruction_allowed`: the kernel lets
 *     user code write the thread pointer by an instruction (AT_HWCAP2 bit 1 on x86-64), which saves
 *     the system call. Returns 0 or a negative errno. A thread that arch_clone makes with
 *     CLONE_SETTLS needs no such call.
 * uintptr_t arch_thread_pointer_get(void)
 *     The thread pointer, whatever it is worth: unlike arch_thread_block it reads nothing by it,
 *     but where the kernel does not tell.
 * void arch_copy_small(void *to, const void *from, size_t len)
 * void arch_zero_small(void *to, size_t len)
 *     As memcpy and memset, in the fewest bytes of code: for what every image has and runs once.
 * ARCH_SIGNAL_HANDLER
 *     Attributes on a signal handler's definition, for kernels and emulators that do not enter it
 *     as the ABI says. May be empty.
 *
 * machine/relocation.h
 *
 * arch_relocation_relative, arch_relocation_indirect
 *     The types of the relocations that a linker leaves in a static image: the load bias plus the
 *     addend; what the function at that place returns.
 *
 * machine/signal_context.h
 *
 * struct abi_machine_context
 *     The kernel's struct sigcontext: the interrupted registers, as they lie in a ucontext.
 *     tests/abi/layout.c holds it against the kernel's own header.
 * uint64_t machine_context_pc(const struct abi_machine_context *), machine_context_sp(the same)
 *     Where the interrupted code was, and its stack pointer.
 * bool machine_context_is_emulated(const struct abi_machine_context *)
 *     Whether an emulator interrupted it, which cannot tell all that the processor can.
 *
 * machine/context.h
 *
 * struct machine_saved_context
 *     What arch_context_switch leaves on a stack; the pointer that it saves points to it.
 * void arch_registers_from_context(struct arch_registers *, const struct machine_saved_context *)
 *     The registers with which the switch's call returns, as far as a walk needs them: where a walk
 *     of a parked task begins. The others are left as they are.
 *
 * machine/float_control.h
 *
 * uint64_t arch_float_control_read(void), void arch_float_control_write(uint64_t control)
 *     The calling thread's floating-point control registers, all that arithmetic is ruled by, with
 *     the exception flags that lie beside it, as one number. An exception that is pending when they
 *     are read is raised then; none is when they have been written. Neither touches the
 *     floating-point registers themselves. A machine without such registers reads 0.
 * uint64_t arch_float_control_rules(uint64_t control)
 *     What of that number a call preserves by the ABI: without exception flags.
 *
 * machine/registers.h
 *
 * struct arch_registers, arch_register_count, arch_register_names
 *     The registers by their DWARF numbers, how many, and what reports call them.
 * arch_register_pc, arch_register_sp, arch_register_frame
 *     Which of them are the instruction, stack and frame pointer.
 * void arch_registers_from_signal(struct arch_registers *, const struct abi_machine_context *)
 *     Those that a signal interrupted. From a signal handler.
 * arch_frame_saved, arch_frame_return, arch_frame_size, arch_call_pushes
 *     Where code with a frame pointer keeps the caller's, and the return address; how many bytes a
 *     call has put on the stack when a function begins.
 * int arch_frame_pushed(uint64_t bytes), bool arch_makes_frame(uint64_t first)
 *     Whether an instruction stands where the frame is not whole; whether a function begins by
 *     making one. The argument is the code at that place, 8 bytes of it.
 *
 * keel/machine/yield.h, in the folder include (public: installed, and inlined into programs)
 *
 * bool keel_machine_must_not_go_on(void)
 *     Whether go_on in the calling thread's block is 0. One load, anew at each use; another thread
 *     may write the word. Refers to the symbol keel_should_yield_monitor, without code or data.
 *
 * keel/machine/fork.h, in the folder include (public: installed, and inlined into programs)
 *
 * struct keel_fork_slot *keel_machine_fork_head(void)
 * void keel_machine_fork_head_set(struct keel_fork_slot *)
 *     Read and write fork_head in the calling thread's block. Here and below: one access each,
 * which the compiler neither leaves out nor moves over another one or a call, and no address that
 *     depends on the thread is kept between two of them.
 * bool keel_machine_fork_head_is(struct keel_fork_slot *)
 *     Whether fork_head is this.
 * bool keel_machine_fork_limit_reached(struct keel_fork_slot *head)
 *     Whether `head` >= fork_limit, as unsigned addresses. Another thread may write fork_limit.
 *
 * machine/vdso.h
 *
 * MACHINE_VDSO_CLOCK_GETTIME, MACHINE_VDSO_VERSION
 *     The names, as strings, of clock_gettime in the kernel's vDSO and of its version.
 */

/*
 * _start: where the kernel enters the process. Ends the walk of every unwinder (return address
 * undefined, frame pointer 0), aligns the stack and calls
 *     boot_start(initial stack pointer, dynamic section, list of indirect functions, its end)
 * where the linker put them in an image without (with) a fixed address, NULL in the other.
 * Nothing before that call may need a relocation, the thread pointer or the stack protector.
 *
 * ARCH_WANTS_START, outside functions: whoever links the object has keel_start, and so _start, from
 * the archive. It makes no byte.
 */

/*
 * Leaves the caller's stack and continues one that an earlier switch left.
 *   *save     receives the stack pointer at which the caller can be continued: the address of a
 *             struct machine_saved_context
 *   target    a stack pointer that was saved so
 * Keeps what a call preserves (x86-64: rbx, rbp, r12 ... r15, rsp). The floating-point control
 * registers are not saved (sched/float_control.h says who keeps them). *save is written before the
 * stack pointer is replaced. Returns when somebody continues the caller, possibly on another
 * thread, so no address that depends on the thread may be kept across the call. Pre-condition:
 * nobody else continues `target`, and nobody continues *save before this switch has left the stack;
 * that is what the scheduler's deferred step is for.
 */
void arch_context_switch(void **save, void *target);

/*
 * As arch_context_switch, but continues on a fresh stack by calling entry(arg), which never
 * returns. `stack_top` is the first byte above the stack, 16-byte aligned. Unwinders and frame
 * pointers find the end of the walk there.
 */
void arch_context_start(void **save, void *stack_top, void (*entry)(void *), void *arg);

/*
 * Calls fn(arg) on another stack and returns when it has returned. `stack_top` is where that stack
 * may be used from, downwards; it is rounded down to what a call wants. A walk goes from there to
 * the caller, by unwind information and by frame pointers, though its stack may lie lower.
 * Pre-condition: nobody else uses the other stack meanwhile, nor the caller's.
 */
void arch_call_on(void *stack_top, void (*fn)(void *), void *arg);

/*
 * The raw clone system call with a function for the child. In the parent returns the child's
 * thread id or a negative errno. The child begins on `stack_top` (16-byte aligned) in entry(arg),
 * which never returns; its walk ends there too. `thread_pointer` is used with CLONE_SETTLS,
 * `parent_id` with CLONE_PARENT_SETTID, `child_id` with CLONE_CHILD_CLEARTID. Pre-condition: two
 * words below `stack_top` may be written.
 */
long arch_clone(unsigned long flags, void *stack_top, int *parent_id, int *child_id,
                void *thread_pointer, void (*entry)(void *), void *arg);

/*
 * Unmaps `size` bytes at `address` and ends the calling thread, which may stand on them: between
 * the two system calls no stack is touched, nor the thread pointer. Where the kernel refuses the
 * end of a thread it rests for ever. Pre-condition: all signals are blocked.
 */
_Noreturn void arch_thread_end(void *address, size_t size);

/*
 * What the kernel returns to after a signal handler (sa_restorer), with the stack pointer at the
 * signal frame. Never called from C. Unwinders find the interrupted frame through it.
 */
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
