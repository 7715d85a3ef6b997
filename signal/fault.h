/* The handler of all faults: reports, and lets the process die by the signal. */
#ifndef KEEL_SIGNAL_FAULT_H
#define KEEL_SIGNAL_FAULT_H

#include "abi/signal.h"

void signal_fault(int signal, struct abi_siginfo *info, struct abi_ucontext *context);

#endif
