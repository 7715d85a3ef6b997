/*
 * The handler of faults: the report, and the death after it.
 *
 * To die, the handler restores the default action. A fault of the processor's own (si_code > 0)
 * then returns to the instruction, which faults again: a signal raised anew would be ignored by a
 * process with number 1. A signal that somebody sent (si_code <= 0) would not come again by itself:
 * it is raised, and process 1, which cannot die of it, exits with 128 + the signal.
 *
 * When two threads fault at once, the first reports and the other waits in its handler.
 *
 * A fault inside the report comes to this handler again, on the same thread and stack: it says so
 * and goes on with the parts of the report that are left, then ends the process for the first
 * fault, by going back to where that one interrupted. A fault in there too finds the default
 * action.
 */
#include "signal/fault.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/output.h"
#include "base/process.h"
#include "base/thread_block.h"
#include "signal/report.h"
#include "signal/signal.h"

enum report_part { PART_CAUSE, PART_REGISTERS, PART_FRAMES, PART_COUNT };

/* Written by the thread that claimed the report alone. */
static struct {
    const struct thread_block *claimed_by; /* atomic; NULL: nobody has faulted */
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

ARCH_SIGNAL_HANDLER
void signal_fault(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    struct signal_fault fault = {signal, info, context};
    const struct thread_block *before = NULL;
    const struct thread_block *own = thread_block();
    /* RELAXED: only claims. */
    if (!atomic_compare_exchange(&report.claimed_by, &before, own, RELAXED, RELAXED)) {
        if (before != own)
            process_wait_for_end();
        fault_in_report(&fault);
        return;
    }
    signal_guard_stack();
    output_ignore_closed_pipes();
    report.first = fault;
    write_parts_left();
    die(&fault);
}
