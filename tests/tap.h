/*
 * The Test Anything Protocol for freestanding test programs. A program counts as it goes and prints
 * its plan at the end, so that one which stops early fails. No libc; the runtime's own line
 * formatting is used, because a broken one shows at once.
 */
#ifndef KEEL_TESTS_TAP_H
#define KEEL_TESTS_TAP_H

#include "base/line.h"
#include "base/process.h"

static unsigned tap_count;
static unsigned tap_failed;

enum { tap_descriptor = 1 };

static inline bool tap_report(bool passed, const char *what, const char *file, unsigned source_line)
{
    struct line line;
    line_begin(&line);
    line_text(&line, passed ? "ok " : "not ok ");
    line_number(&line, ++tap_count);
    line_text(&line, " - ");
    line_text(&line, what);
    line_write(&line, tap_descriptor);
    if (!passed) {
        tap_failed++;
        line_text(&line, "# failed at ");
        line_text(&line, file);
        line_text(&line, ":");
        line_number(&line, source_line);
        line_write(&line, tap_descriptor);
    }
    return passed;
}

/* One test: passes when the condition holds. To be called from one task at a time. */
#define check(condition, what) tap_report((condition), what, __FILE__, __LINE__)

static inline bool tap_equal(int64_t got, int64_t wanted, const char *what, const char *file,
                             unsigned source_line)
{
    if (tap_report(got == wanted, what, file, source_line))
        return true;
    struct line line;
    line_begin(&line);
    line_text(&line, "# got ");
    line_signed(&line, got);
    line_text(&line, ", wanted ");
    line_signed(&line, wanted);
    line_write(&line, tap_descriptor);
    return false;
}

#define check_equal(got, wanted, what)                                                             \
    tap_equal((int64_t)(got), (int64_t)(wanted), what, __FILE__, __LINE__)

/* A remark in the output. */
static inline void tap_note(const char *text, int64_t number)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "# ");
    line_text(&line, text);
    line_text(&line, ": ");
    line_signed(&line, number);
    line_write(&line, tap_descriptor);
}

/* A test that this run cannot make. */
static inline void skip(const char *what, const char *why)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "ok ");
    line_number(&line, ++tap_count);
    line_text(&line, " - ");
    line_text(&line, what);
    line_text(&line, " # SKIP ");
    line_text(&line, why);
    line_write(&line, tap_descriptor);
}

/* What main returns: prints the plan; 0 when all passed. */
static inline int tap_done(void)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "1..");
    line_number(&line, tap_count);
    line_write(&line, tap_descriptor);
    return tap_failed == 0 ? 0 : 1;
}

#endif
