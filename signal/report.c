/*
 * The report of a fault, and the death after it.
 *
 * To die, the handler restores the default action. A fault of the processor's own (si_code > 0)
 * then returns to the instruction, which faults again: a signal raised anew would be ignored by a
 * process with number 1. A signal that somebody sent (si_code <= 0) would not come again by itself:
 * it is raised, and process 1, which cannot die of it, exits with 128 + the signal.
 *
 * A second fault inside the report finds its signal blocked, and the kernel ends the process by it.
 * When two threads fault at once, the first reports and the other waits in its handler.
 */
#include "signal/report.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/output.h"
#include "base/panic.h"
#include "base/process.h"
#include "base/thread_block.h"

static const char *signal_name(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    default:
        return "signal";
    }
}

/* "stack overflow: 0x... lies in the guard below its stack of 196544 bytes" */
static void line_overflow(struct line *line, const struct address_owner *owner, uintptr_t address)
{
    line_text(line, "stack overflow: ");
    line_hex(line, address);
    line_text(line, " lies in the guard below its stack of ");
    line_number(line, owner->stack_size);
    line_text(line, " bytes");
}

static void line_cause(struct line *line, int signal, const struct abi_siginfo *info)
{
    uintptr_t address = info->detail.fault.address;
    address_owner_fn *owner_of = thread_block()->address_owner;
    struct address_owner owner = {0};
    if (owner_of != NULL)
        owner = owner_of(address);
    if (info->code <= 0) {
        line_text(line, "sent by process ");
        line_signed(line, info->detail.sent.process);
    } else if (signal == SIGSEGV && owner.is_stack_guard) {
        line_overflow(line, &owner, address);
    } else if (signal == SIGFPE) {
        line_text(line, "arithmetic fault");
    } else if (signal == SIGILL) {
        line_text(line, "illegal instruction");
    } else if (info->code == SI_KERNEL) {
        line_text(line, "an address that no program can have");
    } else {
        line_text(line, signal == SIGBUS ? "no memory behind address " : "invalid address ");
        line_hex(line, address);
        if (address < arch_page_size)
            line_text(line, " (null page)");
    }
}

/* "keel: SIGSEGV in task 5 "name": <cause>, at 0x401234" */
static void write_report(int signal, const struct abi_siginfo *info,
                         const struct abi_ucontext *context)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel: ");
    line_text(&line, signal_name(signal));
    line_text(&line, " in ");
    line_task(&line, thread_block()->task);
    line_text(&line, ": ");
    line_cause(&line, signal, info);
    line_text(&line, ", at ");
    line_hex(&line, machine_context_pc(&context->machine));
    line_write(&line, standard_error);
}

static void raise_again(int signal)
{
    long own_number = arch_syscall0(__NR_getpid);
    if (own_number == 1)
        process_end(128 + signal);
    arch_syscall3(__NR_tgkill, own_number, arch_syscall0(__NR_gettid), signal);
}

ARCH_SIGNAL_HANDLER
void signal_report_fault(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    static uint8_t reported;
    /* RELAXED: only claims. */
    if (atomic_exchange(&reported, 1, RELAXED) != 0)
        process_wait_for_end();
    output_ignore_closed_pipes();
    write_report(signal, info, context);
    struct abi_sigaction by_default = {.handler = (uintptr_t)SIG_DFL};
    arch_syscall4(__NR_rt_sigaction, signal, (long)&by_default, 0, sizeof by_default.mask);
    if (info->code <= 0)
        raise_again(signal);
}
