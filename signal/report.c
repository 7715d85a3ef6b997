/*
 * The words of a fault report. What an address is, is decided by the address, the interrupted
 * instruction and the owners of stacks: emulators set neither the trap number nor the error code.
 */
#include "signal/report.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

#include "backtrace/backtrace.h"
#include "base/panic.h"

static void line_signal(struct line *line, int signal)
{
    switch (signal) {
    case SIGSEGV:
        line_text(line, "SIGSEGV");
        break;
    case SIGBUS:
        line_text(line, "SIGBUS");
        break;
    case SIGFPE:
        line_text(line, "SIGFPE");
        break;
    case SIGILL:
        line_text(line, "SIGILL");
        break;
    default:
        line_text(line, "signal ");
        line_signed(line, signal);
    }
}

/*
 * Code without stack probes writes anywhere in a frame that it has not touched yet. So a stack
 * pointer within this of the stack's end has overflowed; who is elsewhere only strayed there.
 */
enum { frame_most = 64 * 1024 };

/*
 * "stack overflow: 0x... lies in the guard below its stack of 196544 bytes", or, when it is not the
 * stack that ran over: "0x... lies in the guard below the stack of task 7 / that no task has now".
 */
static void line_guard(struct line *line, const struct signal_fault *fault,
                       const struct address_owner *owner)
{
    uintptr_t address = fault->info->detail.fault.address;
    uintptr_t sp = machine_context_sp(&fault->context->machine);
    bool own = owner->task != NULL && fault->thread != NULL && owner->task == fault->thread->task;
    if (sp < owner->stack_low + frame_most && sp + frame_most > owner->stack_low)
        line_text(line, "stack overflow: ");
    line_hex(line, address);
    line_text(line, " lies in the guard below ");
    if (own) {
        line_text(line, "its stack");
    } else if (owner->task != NULL) {
        line_text(line, "the stack of ");
        line_task(line, owner->task);
        line_text(line, ",");
    } else {
        line_text(line, "a stack that no task has now,");
    }
    line_text(line, " of ");
    line_number(line, owner->stack_size);
    line_text(line, " bytes");
}

static void line_invalid_address(struct line *line, const struct signal_fault *fault)
{
    uintptr_t address = fault->info->detail.fault.address;
    if (address == machine_context_pc(&fault->context->machine))
        line_text(line, "jump to invalid address ");
    else
        line_text(line, "invalid address ");
    line_hex(line, address);
    if (address < arch_page_size)
        line_text(line, " (null page)");
    else if (fault->info->code == SEGV_MAPERR)
        line_text(line, " (nothing is mapped there)");
    else if (fault->info->code == SEGV_ACCERR)
        line_text(line, " (mapped, but not for this access)");
}

static void line_arithmetic(struct line *line, int code)
{
    switch (code) {
    case FPE_INTDIV:
        line_text(line, "integer division by zero, or its quotient overflows");
        break;
    case FPE_INTOVF:
        line_text(line, "integer overflow");
        break;
    case FPE_FLTDIV:
        line_text(line, "floating-point division by zero");
        break;
    case FPE_FLTOVF:
        line_text(line, "floating-point overflow");
        break;
    case FPE_FLTUND:
        line_text(line, "floating-point underflow");
        break;
    case FPE_FLTRES:
        line_text(line, "inexact floating-point result");
        break;
    case FPE_FLTINV:
        line_text(line, "invalid floating-point operation");
        break;
    default:
        line_text(line, "arithmetic fault");
    }
}

static void line_bus(struct line *line, const struct signal_fault *fault)
{
    if (fault->info->code == BUS_ADRALN)
        line_text(line, "misaligned address ");
    else
        line_text(line, "no memory behind address ");
    line_hex(line, fault->info->detail.fault.address);
}

static void line_cause(struct line *line, const struct signal_fault *fault)
{
    struct address_owner owner = {0};
    address_owner_fn *owner_of = fault->thread == NULL ? NULL : fault->thread->address_owner;
    if (signal_was_sent(fault)) {
        line_text(line, "sent by process ");
        line_signed(line, fault->info->detail.sent.process);
        return;
    }
    if (fault->signal == SIGSEGV && owner_of != NULL)
        owner = owner_of(fault->info->detail.fault.address);
    if (owner.is_stack_guard)
        line_guard(line, fault, &owner);
    else if (fault->signal == SIGFPE)
        line_arithmetic(line, fault->info->code);
    else if (fault->signal == SIGILL)
        line_text(line, "illegal instruction");
    else if (fault->info->code == SI_KERNEL)
        line_text(line, "an address that no program can have");
    else if (fault->signal == SIGBUS)
        line_bus(line, fault);
    else
        line_invalid_address(line, fault);
}

static void write_cause(struct line *line, const struct signal_fault *fault)
{
    line_text(line, ": ");
    line_cause(line, fault);
    line_text(line, ", at ");
    line_hex(line, machine_context_pc(&fault->context->machine));
    line_write(line, standard_error);
}

void signal_report_cause(const struct signal_fault *fault, bool with_task)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel: ");
    line_signal(&line, fault->signal);
    if (with_task) {
        line_text(&line, " in ");
        line_task(&line, fault->thread == NULL ? NULL : fault->thread->task);
    }
    write_cause(&line, fault);
}

void signal_report_nested(const struct signal_fault *fault)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel: ");
    line_signal(&line, fault->signal);
    line_text(&line, " inside this report");
    write_cause(&line, fault);
}

void signal_report_registers(const struct signal_fault *fault)
{
    enum { in_a_line = 6 };
    struct arch_registers registers;
    struct line line;
    arch_registers_from_signal(&registers, &fault->context->machine);
    line_begin(&line);
    for (unsigned i = 0; i < arch_register_count; i++) {
        line_text(&line, i % in_a_line == 0 ? "keel:   " : "  ");
        line_text(&line, arch_register_names[i]);
        line_text(&line, " ");
        line_hex(&line, registers.value[i]);
        if (i % in_a_line == in_a_line - 1 || i == arch_register_count - 1)
            line_write(&line, standard_error);
    }
}

void signal_report_frames(const struct signal_fault *fault)
{
    struct arch_registers registers;
    arch_registers_from_signal(&registers, &fault->context->machine);
    backtrace_write(&registers, true);
}
