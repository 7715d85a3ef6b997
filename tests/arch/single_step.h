/*
 * Single steps: a trap after each instruction of the thread. (The bit is x86-64's trap flag in the
 * flags register.) A signal handler changes it in what it interrupted.
 */
#ifndef KEEL_TESTS_SINGLE_STEP_H
#define KEEL_TESTS_SINGLE_STEP_H

#include "abi/signal.h"

static const uint64_t single_step_flag = 1u << 8;

static inline void single_step_begin(struct abi_ucontext *context)
{
    context->machine.flags |= single_step_flag;
}

static inline void single_step_end(struct abi_ucontext *context)
{
    context->machine.flags &= ~single_step_flag;
}

#endif
