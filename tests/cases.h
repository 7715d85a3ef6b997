/*
 * Cases: parts of a test that need a process of their own each (forked.h), most often because a
 * system call is refused there (refuse.h). Where the place lacks what they need, they are skipped.
 */
#ifndef KEEL_TESTS_CASES_H
#define KEEL_TESTS_CASES_H

#include "tests/forked.h"
#include "tests/refuse.h"
#include "tests/tap.h"

static const char *cases_skipped; /* why; NULL: they run */

/* The cases from here on run only if this is so. */
static inline void cases_need(bool is_there, const char *why_skipped)
{
    if (!is_there)
        cases_skipped = why_skipped;
}

static inline void cases_need_refusals(void)
{
    cases_need(refusals_work(), "no seccomp here");
}

static inline void case_run(int (*fn)(void), int wanted, const char *what, const char *file,
                            unsigned source_line)
{
    if (cases_skipped != NULL)
        skip(what, cases_skipped);
    else
        tap_equal(forked_status(fn), wanted, what, file, source_line);
}

/* One case: passes when fn() ends as wanted, told as forked_status tells it. */
#define check_case(fn, wanted, what) case_run((fn), (wanted), (what), __FILE__, __LINE__)

#endif
