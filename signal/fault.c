/*
 * The handler of faults: the report, and the death after it.
 *
 * To die, the handler restores the default action. A fault of the processor's own (si_code > 0)
 * then returns to the instruction, which faults again: a signal raised anew would be ignored by a
 * process with number 1. But the fault may be gone by then: another thread has mapped memory there,
 * or it was no fault of this instruction (a page of memory broke). So the same signal is queued
 * too, blocked until the handler returns, and ends any process but number 1. A signal that somebody
 * sent (si_code <= 0) would not come again by itself: it is raised, and process 1, which cannot die
 * of it, exits with 128 + the signal.
 *
 * One thread says why the process ends (process_claim_end): when two fault at once, or one faults
 * and one panics, the first reports and the other waits in its handler.
 *
 * A fault inside the report comes to this handler again, on the same thread and stack: it says so
 * and goes on with the parts of the report that are left, then ends the process for the first
 * fault, by going back to where that one interrupted. A fault in there too finds the default
 * action. Whose the thread is, is asked before anything is read through the thread pointer: it may
 * be what is broken, or another runtime's.
 */
#include "signal/fault.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "arch/arch.h"
#include "backtrace/probe.h"
#include "base/output.h"
#include "base/process.h"
#include "boot/boot.h"
#include "signal/report.h"
#include "signal/signal.h"

enum report_part { PART_CAUSE, PART_REGISTERS, PART_FRAMES, PART_COUNT };

/* Written by the thread that claimed the end alone. */
static struct {
    uint64_t claim; /* of the thread that reports; 0: nobody has faulted */
    struct signal_fault first;
    enum report_part part;
    bool nested;
} report;

static void write_part(const struct signal_fault *fault, enum report_part part)
{
    switch (part) {
    case PART_CAUSE:
        signal_report_cause(fault, !report.nested);
        break;
    case PART_REGISTERS:
        signal_report_registers(fault);
        break;
    default:
        signal_report_frames(fault);
    }
}

static void write_parts_left(void)
{
    while (report.part < PART_COUNT) {
        write_part(&report.first, report.part);
        report.part++;
    }
}

/* Emulators run process 1 too, but cannot let it die by a signal: they would wait for ever. */
static bool can_die_by_signal(const struct signal_fault *fault)
{
    if (arch_syscall0(__NR_getpid) != 1)
        return true;
    return !signal_was_sent(fault) && !machine_context_is_emulated(&fault->context->machine);
}

/*
 * The same signal once more, for when the handler has returned. Where that is refused, by chance.
 * qemu-user takes what comes as if from the processor for a fault of its own, and aborts: so there
 * it is sent plainly, which does not say to a core dump what it was.
 */
static void queue_again(const struct signal_fault *fault)
{
    abi_sigset only = (abi_sigset)1 << (fault->signal - 1);
    long process_id = arch_syscall0(__NR_getpid);
    long thread_id = arch_syscall0(__NR_gettid);
    arch_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (long)&only, 0, sizeof only);
    if (machine_context_is_emulated(&fault->context->machine))
        arch_syscall3(__NR_tgkill, process_id, thread_id, fault->signal);
    else
        arch_syscall4(__NR_rt_tgsigqueueinfo, process_id, thread_id, fault->signal,
                      (long)fault->info);
}

/* Lets the process die by the signal, when the caller returns to where it interrupted. */
static void die(const struct signal_fault *fault)
{
    bool by_default = signal_restore_defaults();
    if (!by_default || !can_die_by_signal(fault))
        process_end(128 + fault->signal);
    if (signal_was_sent(fault)) {
        arch_syscall3(__NR_tgkill, arch_syscall0(__NR_getpid), arch_syscall0(__NR_gettid),
                      fault->signal);
        process_end(128 + fault->signal); /* tgkill was refused */
    }
    queue_again(fault);
}

static void fault_in_report(const struct signal_fault *fault)
{
    /* Somebody sends signals to a process that is about to end. */
    if (signal_was_sent(fault))
        return;
    if (report.nested) {
        signal_restore_defaults();
        return;
    }
    report.nested = true;
    signal_report_nested(fault);
    /* The cause is said again, in other words; any other part is given up. */
    if (report.part != PART_CAUSE)
        report.part++;
    write_parts_left();
    die(&report.first);
    arch_signal_return_to(report.first.context);
}

/* The thread's block, if it has one of ours. */
static const struct thread_block *own_block(void)
{
    struct probe probe = {0};
    const struct thread_block *block = (const struct thread_block *)arch_thread_pointer_get();
    uint64_t word;
    if (!probe_read(&probe, (uintptr_t)block, sizeof word, &word) ||
        !probe_read(&probe, (uintptr_t)&block->stack_limit, sizeof word, &word))
        return NULL;
    return boot_tls_is_own(block) ? block : NULL;
}

ARCH_SIGNAL_HANDLER
void signal_fault(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    struct signal_fault fault = {signal, info, context, own_block()};
    uint64_t claim = process_claim_end();
    if (claim == report.claim) {
        fault_in_report(&fault);
        return;
    }
    report.claim = claim;
    report.first = fault;
    report.part = PART_CAUSE;
    report.nested = false;
    signal_guard_stack(fault.thread);
    output_ignore_closed_pipes();
    write_parts_left();
    die(&fault);
}
