/*
 * The KEEL_ variables of the environment, from one table. Whoever links what a variable steers
 * brings the table; a program that links none of it ignores them all. Under AT_SECURE all are
 * ignored.
 */
#ifndef KEEL_BASE_OPTIONS_H
#define KEEL_BASE_OPTIONS_H

#include "base/base.h"

struct option {
    const char *name; /* with KEEL_ */
    const char *help; /* one line */
    int64_t least;
    int64_t most;
    int64_t *value; /* left alone when the variable is not set */
};

/*
 * Reads every variable whose name begins with KEEL_. A value that is no whole number from least to
 * most ends the process with one line and status 2; a name that is not in the table is warned
 * about. KEEL_HELP=1 prints the table and ends the process with status 0.
 */
void options_read(const struct option *table, size_t count);

#endif
