/* What is said of a fault, in parts: a fault inside one part does not take the others along. */
#ifndef KEEL_SIGNAL_REPORT_H
#define KEEL_SIGNAL_REPORT_H

#include "abi/signal.h"
#include "base/base.h"
#include "base/thread_block.h"

struct signal_fault {
    int signal;
    const struct abi_siginfo *info;
    const struct abi_ucontext *context;
    /* The thread's; NULL: its thread pointer leads to none of ours. */
    const struct thread_block *thread;
};

/* Somebody sent the signal; otherwise an instruction faulted. */
static inline bool signal_was_sent(const struct signal_fault *fault)
{
    return fault->info->code <= 0;
}

/* "keel: SIGSEGV in task 5 "name": <cause>, at 0x401234". `with_task`: say in which. */
void signal_report_cause(const struct signal_fault *fault, bool with_task);

/* The interrupted registers, six a line. */
void signal_report_registers(const struct signal_fault *fault);

/* The frames, a line each. */
void signal_report_frames(const struct signal_fault *fault);

/* "keel: SIGSEGV inside this report: <cause>, at 0x401234" */
void signal_report_nested(const struct signal_fault *fault);

#endif
