/*
 * The last words of a program that cannot go on: one line on standard error that says what, which
 * task and where; exit status 2. No lock, no allocation, no exit functions. May be called from
 * everywhere once the thread pointer is set.
 */
#ifndef KEEL_BASE_PANIC_H
#define KEEL_BASE_PANIC_H

#include "base/line.h"

/*
 * "keel: panic: <message> (task 3 "name", at 0x401234)". The address is where the function that
 * panics was called: of a public function, the place in the program.
 */
#define panic(message) panic_at(message, __builtin_return_address(0))
_Noreturn void panic_at(const char *message, const void *where);

/*
 * As panic, for a message with more in it: `fill` appends it to the line, from `data`. It may take
 * what stack it wants: who panics may stand on a small one, so no line is to lie there
 * (base/deep.h).
 */
typedef void panic_fill(struct line *line, const void *data);
#define panic_with(fill, data) panic_with_at(fill, data, __builtin_return_address(0))
_Noreturn void panic_with_at(panic_fill *fill, const void *data, const void *where);

/* The same; the trace begins in the function in which `from` is a return address. */
_Noreturn void panic_with_from(panic_fill *fill, const void *data, const void *where,
                               const void *from);

/*
 * Called after the line of a panic has been written: writes the calls under way, from the function
 * that panicked, in which `from` is the return address. Empty by default; backtrace/ has the strong
 * one.
 */
void panic_hook_trace(const void *from);

/* Appends: task 3 "name" — or: no task. */
void line_task(struct line *line, const void *task_identity);

/*
 * keel_assert: an invariant that release builds check too, off the fast paths.
 * debug_assert: one that only libkeel-debug.a checks.
 */
_Noreturn void panic_assertion(const char *condition, const char *function);

#define keel_assert(condition)                                                                     \
    do {                                                                                           \
        if (unlikely(!(condition)))                                                                \
            panic_assertion(#condition, __func__);                                                 \
    } while (0)

#ifdef KEEL_DEBUG
#define debug_assert(condition) keel_assert(condition)
#else
#define debug_assert(condition) ((void)sizeof(condition))
#endif

#endif
